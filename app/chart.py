"""Plotly's charts on a page: without its tool bar, with a name for those who cannot see them, larger while presenting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import plotly.graph_objects as go
import streamlit as st

from app import state
from app.figures import larger
from app.present import SCALE

STATIC = {"displayModeBar": False}


def chart(figure: go.Figure, key: str, alt: str, on_select: Callable[[], None] | Literal["ignore"] = "ignore") -> None:
    """Draw a figure; `on_select` is called when one of its points is clicked, which the session's `key` then names."""
    shown = larger(figure, SCALE) if state.view().present else figure
    st.plotly_chart(shown, key=key, config=STATIC, alt=alt, on_select=on_select, selection_mode="points")
