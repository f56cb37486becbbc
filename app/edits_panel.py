"""The paper's augmentation as a toy: mirror, shift and PCA colour, and what becomes of the first choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from app import answers, state
from app.figures import probability_text
from app.text import class_word, plain, t
from app.top_five import bars
from app.view import Edits
from model.explorer import Activations
from model.layers import SQUARE_PX

MAX_ALPHA = 0.3  # three of the paper's standard deviations


def edits_panel(seen: Activations) -> None:
    """Widgets on one side, the effect on the other."""
    st.subheader(t("edits_title"))
    left, right = st.columns(2, gap="large")
    with left:
        _shift_and_mirror(state.view().edits)
        colour_sliders(state.view().edits)
        st.button(t("edits_reset"), key="edits_reset", on_click=_reset, disabled=not state.view().edits)
    with right:
        _effect(seen)


def _shift_and_mirror(edits: Edits) -> None:
    crop_px = state.explorer().config.crop_px
    margin = (SQUARE_PX - crop_px) // 2
    st.caption(t("edits_crops", crop=crop_px))
    mirror_toggle(edits)
    for name, value in (("edits_down", edits.down), ("edits_right", edits.right)):
        state.show(name, max(-margin, min(margin, value)), margin)
        st.slider(t(name), -margin, margin, format="%d px", key=name, on_change=_take)


def mirror_toggle(edits: Edits) -> None:
    """The picture, or its mirror image."""
    state.show("edits_mirror", edits.mirror)
    st.toggle(t("edits_mirror"), key="edits_mirror", on_change=_take)


def colour_sliders(edits: Edits) -> None:
    """An alpha for each principal component of RGB, where the model's file knows them."""
    axes = state.colour_axes()
    if axes is None:
        st.caption(t("edits_no_colour"))
        return
    st.caption(" ".join((t("edits_colour"), t(f"colour_scale_{state.colour_scale()}"))))
    for i, alpha in enumerate(edits.colour):
        size = float(np.linalg.norm(axes[i]))
        red, green, blue = axes[i] / max(size, 1e-9)
        state.show(f"edits_alpha_{i}", float(np.clip(alpha, -MAX_ALPHA, MAX_ALPHA)))
        st.slider(
            t("edits_alpha", number=i + 1), -MAX_ALPHA, MAX_ALPHA, step=0.01, key=f"edits_alpha_{i}", on_change=_take,
            help=t("edits_alpha_help", size=size, red=red, green=green, blue=blue),
        )  # fmt: skip
    if any(edits.colour):
        red, green, blue = state.crop_view().colour
        st.caption(t("edits_added", red=red, green=green, blue=blue))


def _effect(seen: Activations) -> None:
    """The first choice of the unedited picture, then and now."""
    if not state.view().edits:
        st.markdown(t("edits_none"))  # the bars stand on top of the page already
        return
    before = answers.activations(edited=False)
    first = before.top(1)[0]
    now = next(one for one in seen.top(len(seen.classes)) if one.class_id == first.class_id)
    was, become = probability_text(first.probability), probability_text(now.probability)
    st.markdown(t("edits_effect", name=plain(class_word(first.name)), before=was, now=become))
    bars(seen, before, "edits_bars", "bars_unedited")
    st.caption(t("edits_bars_caption"))


def _take() -> None:
    """What the widgets say becomes the view; the alphas only where there are any."""
    said = st.session_state
    edits = state.view().edits
    alphas = [float(said.get(f"edits_alpha_{i}", alpha)) for i, alpha in enumerate(edits.colour)]
    colour = (alphas[0], alphas[1], alphas[2])
    mirror = said.get("edits_mirror", edits.mirror)
    down, right = said.get("edits_down", edits.down), said.get("edits_right", edits.right)
    state.change(edits=replace(edits, mirror=mirror, down=down, right=right, colour=colour))


def _reset() -> None:
    state.change(edits=Edits())
