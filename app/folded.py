"""Parts of a page that are drawn when they are unfolded, not at every click before."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def folded(title: str, key: str, draw: Callable[[], None], expanded: bool = False) -> None:
    """An expander; `key` is its own in the session."""
    panel = st.expander(title, expanded, key=key, on_change="rerun")
    if panel.open:
        with panel:
            draw()
