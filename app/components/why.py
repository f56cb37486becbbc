"""Hears every button in plain HTML that asks why a class was found (`app.bars.why_data`), and leads there.

Bars are plain HTML because they come first and have to be fast; a link in them would load the page anew, and an
uploaded picture would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

KEY = "why"
PANEL = "why_panel"  # key of the container that answers
_component = st.components.v2.component(
    "alexnet.why", html="<span hidden></span>", js=(Path(__file__).parent / "why.js").read_text(encoding="utf-8")
)


def listen(on_ask: Callable[[], None]) -> None:
    """Listen on the whole page. `on_ask` reads `asked`."""
    _component(data={"panel": f".st-key-{PANEL}"}, key=KEY, width="content", on_asked_change=on_ask)


def asked() -> Mapping[str, str]:
    """What was asked just now, the button's data by name: "why" is the class; empty for nothing."""
    told: Mapping[str, str] | None = st.session_state[KEY].get("asked")
    return told or {}
