"""What lessons share: a unit to choose, a map beside another, curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import streamlit as st

from app import answers, state
from app.chart import chart
from app.figures import BAR_COLOUR, bare, enlarged
from app.text import t
from model.layers import Layer

SIDE_PX = 330
Floats = npt.NDArray[np.floating[Any]]


def unit_slider(layer: Layer) -> int:
    """The view's unit of a layer, counted from 0; the one that this picture drives most where none was chosen."""
    view, key = state.view().fitting(state.explorer().config), f"unit_of_{layer.name}"
    strongest = int(answers.activations()[layer.name].reshape(layer.units, -1).max(1).argmax())
    unit = view.unit if view.layer == layer.name and view.unit is not None else strongest
    state.show(key, unit + 1, layer.units)
    st.slider(t("lesson_unit", name=layer.name), 1, layer.units, key=key, on_change=_take_unit, args=(layer.name, key))
    return unit


def _take_unit(layer: str, key: str) -> None:
    state.change(layer=layer, unit=st.session_state[key] - 1, place=None)


def maps_side_by_side(
    maps: Sequence[Floats], captions: Sequence[str], alts: Sequence[str], signed: Sequence[bool] = ()
) -> None:
    """Maps as grey pictures; black is each one's smallest value or 0, white its largest. Of `signed` ones 0 is the middle grey."""
    kinds = signed or [False] * len(maps)
    for column, one, caption, alt, has_sign in zip(st.columns(len(maps)), maps, captions, alts, kinds, strict=True):
        high = float(np.abs(one).max() if has_sign else one.max())
        low = -high if has_sign else min(float(one.min()), 0.0)
        with column:
            grey = np.round(255 * (one - low) / ((high - low) or 1)).astype(np.uint8)
            st.image(enlarged(grey, SIDE_PX), output_format="PNG", width="stretch", alt=alt)
            st.caption(caption)


def lines(
    x: Floats, curves: Sequence[tuple[str, Floats]], titles: tuple[str, str], here: float | None = None
) -> go.Figure:
    """Named curves over x, each in a dash of its own, with the place `here` marked on them."""
    figure = go.Figure()
    for (name, y), dash in zip(curves, ("solid", "dash", "dot", "dashdot"), strict=False):
        figure.add_scatter(x=x, y=y, mode="lines", name=name, line={"color": BAR_COLOUR, "width": 2.5, "dash": dash})
    if here is not None:
        figure.add_vline(x=here, line={"color": BAR_COLOUR, "width": 1})
    figure = bare(figure, 280, *titles)
    return figure.update_layout(showlegend=len(curves) > 1, legend={"orientation": "h", "y": 1.15})


def plot(figure: go.Figure, key: str, caption: str) -> None:
    """A figure with the sentence that says how to read it, which is its name for those who cannot see it."""
    chart(figure, key, caption)
    st.caption(caption)
