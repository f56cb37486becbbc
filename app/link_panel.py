"""The link that opens this view anywhere else, and what it does not carry."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.link import link
from app.text import t


def link_panel() -> None:
    """The address of what is in sight, to be copied."""
    with st.popover(t("link_title")):
        st.caption(t("link_caption"))
        link()
        if not state.view().sample:
            st.caption(t("link_without_picture"))
        if state.view().edits.paint:
            st.caption(t("link_without_paint"))
