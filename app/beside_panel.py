"""Another model on the same picture, beside the one in use."""

from __future__ import annotations

import streamlit as st

from app import answers, state
from app.text import plain, said, t
from app.top_five import top_five


def beside_panel() -> None:
    """Choice of the other model, and both top fives."""
    st.subheader(t("beside_title"))
    others = [name for name in state.model_paths() if name != state.model_name()]
    if not others:
        st.caption(t("beside_alone"))
        return
    chosen = state.view().beside
    st.session_state["beside"] = chosen if chosen in others else None
    st.selectbox(t("beside_model"), others, key="beside", on_change=_take, placeholder=t("beside_none"))
    if chosen in others:
        for column, name in zip(st.columns(2, gap="large"), (state.model_name(), chosen), strict=True):
            with column:
                _one(name)


def _one(name: str) -> None:
    """What one model makes of the picture; its own failure stays its own."""
    st.markdown(f"**{plain(name)}**")
    try:
        top_five(name, key=f"beside_{name}")
        seen = answers.activations(model=name)
        st.caption(t("beside_time", forward=seen.milliseconds["forward"], device=said(seen.device)))
    except ValueError as reason:
        st.error(plain(said(str(reason))))


def _take() -> None:
    state.change(beside=st.session_state["beside"] or "")
