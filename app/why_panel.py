"""Where in the picture a class comes from: its Grad-CAM and its occlusion map, side by side."""

from __future__ import annotations

import streamlit as st

from app import state
from app.figures import probability_text
from app.grad_cam_panel import grad_cam_panel
from app.occlusion_panel import occlusion_panel
from app.text import class_word, plain, t
from model.explorer import Activations, Prediction


def why_panel(seen: Activations) -> None:
    """Choice of the class, and its two maps."""
    st.subheader(t("why_title"))
    class_id = _class_choice(seen.top(len(seen.classes)))
    class_index = [known for known, _ in seen.classes].index(class_id)
    left, right = st.columns(2, gap="large")
    with left:
        grad_cam_panel(seen, class_index)
    with right:
        occlusion_panel(seen, class_index)


def _class_choice(every: tuple[Prediction, ...]) -> str:
    """The class in use: the first choice until another is taken, among the first five or among all others."""
    by_id = {one.class_id: one for one in every}
    chosen = state.view().class_id
    chosen = chosen if chosen in by_id else every[0].class_id
    first, others = [one.class_id for one in every[:5]], [one.class_id for one in every[5:]]
    st.session_state["why_first"] = chosen if chosen in first else None
    st.pills(
        t("why_class"), first, format_func=lambda known: plain(class_word(by_id[known].name)), key="why_first",
        on_change=_choose, args=("why_first",), wrap=True,
    )  # fmt: skip
    if others:
        st.session_state["why_other"] = chosen if chosen in others else None
        st.selectbox(
            t("why_other"), others, key="why_other", on_change=_choose, args=("why_other",),
            format_func=lambda known: f"{class_word(by_id[known].name)} {probability_text(by_id[known].probability)}",
            placeholder=t("why_none"), label_visibility="collapsed",
        )  # fmt: skip
    return chosen


def _choose(widget: str) -> None:
    state.change(class_id=st.session_state[widget] or "")
