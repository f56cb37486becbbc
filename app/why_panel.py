"""Where in the picture a class comes from: its Grad-CAM and its occlusion map, side by side; every "Why?" leads here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from app import state
from app.components import why
from app.figures import probability_text
from app.grad_cam_panel import grad_cam_panel
from app.occlusion_panel import occlusion_panel
from app.text import class_word, plain, t
from app.view import Edits
from model.explorer import Activations, Prediction
from model.preprocess import centre, ten_crop_offsets

NUM_CROPS = 10


def why_panel(seen: Activations) -> None:
    """Choice of the class, and its two maps."""
    with st.container(key=why.PANEL):
        st.subheader(t("why_title"))
        class_id = _class_choice(seen.top(len(seen.classes)))
        class_index = [known for known, _ in seen.classes].index(class_id)
        left, right = st.columns(2, gap="large")
        with left:
            grad_cam_panel(seen, class_index)
        with right:
            occlusion_panel(seen, class_index)


def take_asked() -> None:
    """After a click on "Why?": look at the class, model and crop that it names, with Grad-CAM; an earlier model stands beside."""
    asked = why.asked()
    if not asked.get("why"):
        return
    model, used, fields = (
        asked.get("model", ""),
        state.model_name(),
        {"class_id": asked["why"], "cam": True, **_crop(asked)},
    )
    if model in state.model_paths() and model != used:
        state.use_model(model, beside=used, **fields)
    else:  # the one in use stays, whatever Predict opens on
        state.change(**fields, **({} if used == state.default_model("predict") else {"model": used}))
    st.session_state["to_answer"] = True


def is_asked() -> bool:
    """Once after a click on "Why?": the page Predict has to answer."""
    return bool(st.session_state.pop("to_answer", False))


def _crop(asked: Mapping[str, str]) -> dict[str, Any]:
    """One of the ten crops, as edits of the picture; paint and colours stay."""
    number = asked.get("crop", "")
    if not number.isdecimal() or int(number) >= NUM_CROPS:
        return {}
    return {"edits": crop_edits(state.view().edits, int(number), state.explorer().config.crop_px)}


def crop_edits(edits: Edits, number: int, crop_px: int) -> Edits:
    """The edits that put one of section 4.1's ten crops in place of the centre, counted from 0."""
    (row, column), middle = ten_crop_offsets(crop_px)[number // 2], centre(crop_px)
    return replace(edits, mirror=number % 2 == 1, down=row - middle.row, right=column - middle.column)


def _class_choice(every: tuple[Prediction, ...]) -> str:
    """The class in use: the first choice until another is taken, among the first five or among all others."""
    by_id = {one.class_id: one for one in every}
    chosen = state.view().class_id
    chosen = chosen if chosen in by_id else every[0].class_id
    first, others = [one.class_id for one in every[:5]], [one.class_id for one in every[5:]]
    st.session_state["why_first"] = chosen if chosen in first else None
    st.pills(
        t("why_class"), first, format_func=lambda known: plain(class_word(by_id[known].name)), key="why_first",
        on_change=state.while_shown(_choose), args=("why_first",), wrap=True,
    )  # fmt: skip
    if others:
        st.session_state["why_other"] = chosen if chosen in others else None
        st.selectbox(
            t("why_other"), others, key="why_other", on_change=state.while_shown(_choose), args=("why_other",),
            format_func=lambda known: f"{class_word(by_id[known].name)} {probability_text(by_id[known].probability)}",
            placeholder=t("why_none"), label_visibility="collapsed",
        )  # fmt: skip
    return chosen


def _choose(widget: str) -> None:
    state.change(class_id=st.session_state[widget] or "")
