"""The presenter's view: everything larger, and around it no more than the way to other pages and out."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components import keys
from app.text import t

SCALE = 1.35
COLUMNS = (1.0, 3.2)
PRESENTED_COLUMNS = (1.0, 4.4)  # the picture gives way to what is told about it
CSS = f"""
[data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stLayoutWrapper"]:has(> .st-key-sources) {{ display: none; }}
.stMainBlockContainer {{ zoom: {SCALE}; --zoom: {SCALE}; padding-top: .75rem; }}
[data-testid="stDataFrame"], [data-testid="stPlotlyChart"] {{ zoom: {1 / SCALE}; }}  /* measure themselves without zoom, and would grow too wide */
@media (min-width: 640px) {{ [data-testid="stLayoutWrapper"]:has(> .st-key-left) {{ top: .75rem; max-height: calc(100vh / {SCALE} - 1.5rem); }} }}
[data-testid="stLayoutWrapper"]:has(> .st-key-foot) {{ position: static !important; }}  /* large as all is, it would hide a bar */
@media (min-width: 1000px) and (max-width: 1600px) {{ .st-key-net {{ zoom: .8; }} }}  /* else fc7 to prob are out of sight */
"""


def style() -> str:
    """What the presenter's view adds to the pages' style."""
    return CSS if state.view().present else ""


def columns() -> tuple[float, float]:
    """How wide the picture is beside the page."""
    return PRESENTED_COLUMNS if state.view().present else COLUMNS


def controls(page: str) -> None:
    """The way in and out, the keys of a page and their sheet."""
    presenting = state.view().present
    title = t("present_stop" if presenting else "present_start")
    st.button(title, key="present", type="tertiary", on_click=_present, args=(not presenting,))
    keys.keys(page, presenting, _take_key)


def _present(on: bool) -> None:
    state.change(present=on)


def _take_key() -> None:
    if (asked := keys.wants_to_present()) is not None:
        _present(asked)
