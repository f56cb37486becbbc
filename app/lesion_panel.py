"""What is muted, how far, and the ways to change it, back and to nothing."""

from __future__ import annotations

import streamlit as st

from app import state
from app.text import t
from app.view import CROSS_TALK, TOWERS, wide_targets


def lesion_panel() -> None:
    """The lesions in words, undo and reset, and a slider for each kind."""
    config = state.explorer().config
    lesions = state.view().lesions.fitting(config)  # those of another network wait for it
    if lesions:
        listed = [_listed(target, amount) for target, amount in lesions.amounts.items()]
        st.caption(t("lesions_some", what=", ".join(listed)))
    with st.container(horizontal=True, gap="small"):
        if state.lesions_before():
            st.button(t("undo" if state.view().lesions else "undo_healing"), key="lesions_undo", on_click=state.undo)
        if lesions:
            st.button(t("lesions_reset"), key="lesions_reset", on_click=state.reset_lesions)
    with st.popover(t("lesions_title"), width="stretch"):
        st.caption(t("lesions_caption"))
        for target in wide_targets(config):
            lesion_slider(target, name_of(target))
        layer = st.selectbox(t("lesions_layer"), list(config.gained), key="lesion_layer", persist_state="session")
        lesion_slider(layer, t("lesions_share", name=layer), key="lesion_share")
        for target in [target for target in lesions.amounts if "." in target]:
            lesion_slider(target, name_of(target))


def name_of(target: str) -> str:
    """A target in words."""
    if target in TOWERS:
        return f"GPU{TOWERS.index(target) + 1}"
    if target == CROSS_TALK:
        return t("lesions_cross_talk")
    name, _, unit = target.partition(".")
    return t("lesions_unit", name=name, number=unit) if unit else t("lesions_share", name=name)


def _listed(target: str, amount: float) -> str:
    return t("lesions_item", what=name_of(target), percent=100 * amount)


def lesion_slider(target: str, label: str, key: str = "") -> None:
    """How far a target is muted, in percent.

    Where something else has changed that, another slider takes this one's place: in a panel that is folded the browser
    keeps what the old one said, and would tell it with the next click.
    """
    first = key or f"lesion_{target}"
    percent = round(100 * state.view().lesions.amount(target))
    if st.session_state.get(_key(first), percent) != percent:
        st.session_state[f"{first} successors"] = _successors(first) + 1
    key = _key(first)
    if key not in st.session_state:  # setting it anew would swallow a key press that is on its way
        st.session_state[key] = percent
    st.slider(label, 0, 100, format="%d %%", key=key, on_change=state.while_shown(_slid), args=(first, key, target))


def _successors(first: str) -> int:
    """How many sliders have been in the place of the first one."""
    count: int = st.session_state.get(f"{first} successors", 0)
    return count


def _key(first: str) -> str:
    """Key of the slider that is in the place of the first one now."""
    return f"{first}_{_successors(first)}" if _successors(first) else first


def _slid(first: str, key: str, target: str) -> None:
    if key == _key(first):  # else a quick hand was before the browser heard of the successor
        state.change(lesions=state.view().lesions.with_amount(target, st.session_state[key] / 100))
