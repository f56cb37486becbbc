"""Numbers about kernels as Plotly figures and pictures. No Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app.figures import BAR_COLOUR, GPU_COLOURS, bare
from model.kernels import Gabor
from model.layers import Layer

Floats = npt.NDArray[np.floating[Any]]


def colour_of(layer: Layer, tower: int) -> str:
    """A GPU's colour; grey where there is only one tower."""
    return GPU_COLOURS[tower] if layer.towers == 2 else BAR_COLOUR


def _tinted(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def distribution(
    groups: Sequence[Floats], colours: Sequence[str], edges: Floats, title: str, chosen: Sequence[tuple[int, int]] = ()
) -> go.Figure:
    """How many kernels of each group fall between two edges, side by side.

    Parameters
    ----------
    chosen : sequence of (group, bar)
        Where there are any, all other bars are pale.
    """
    figure = go.Figure()
    spans = [f"{low:g}–{high:g}" for low, high in pairwise(edges)]
    for group, (values, colour) in enumerate(zip(groups, colours, strict=True)):
        opacity = [1.0 if not chosen or (group, bar) in chosen else 0.3 for bar in range(len(spans))]
        counts = np.histogram(values, edges)[0]
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2, y=counts, marker_color=colour, marker_opacity=opacity, customdata=spans,
            hovertemplate=f"{title} %{{customdata}}: %{{y}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(range=[float(edges[0]), float(edges[-1])])
    figure.update_yaxes(rangemode="tozero", tickformat="d", nticks=5)
    return bare(figure, 220, title)


def answers(layer: Layer, values: Floats, chosen: int, titles: tuple[str, str]) -> go.Figure:
    """What every kernel answers to one grating: a bar a kernel, the chosen one outlined."""
    figure = go.Figure()
    for tower in range(layer.towers):
        units = layer.tower_units(tower)
        numbers = np.arange(units.start, units.stop)
        figure.add_bar(
            x=numbers + 1, y=values[units], marker_color=colour_of(layer, tower),
            marker_line={"color": BAR_COLOUR, "width": np.where(numbers == chosen, 3, 0)},
            hovertemplate=f"{titles[0]} %{{x}}: %{{y:.1f}}<extra></extra>",
        )  # fmt: skip
    figure.add_annotation(
        x=chosen + 1,
        y=max(float(values[chosen]), 0),
        text=str(chosen + 1),
        ay=-22,
        ax=0,
        arrowcolor=BAR_COLOUR,
        arrowwidth=1.5,
    )
    return bare(figure, 260, *titles)


def curve(x: Floats, y: Floats, here: float, colour: str, titles: tuple[str, str]) -> go.Figure:
    """A tuning curve, with the grating in use marked on it."""
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": colour, "width": 2.5}, hovertemplate="%{x:g}: %{y:.1f}<extra></extra>"
    )
    figure.add_scatter(
        x=[here], y=[float(np.interp(here, x, y))], mode="markers", hoverinfo="skip",
        marker={"size": 12, "color": colour, "line": {"color": BAR_COLOUR, "width": 2}},
    )  # fmt: skip
    figure.add_vline(x=here, line={"color": BAR_COLOUR, "dash": "dot", "width": 1})
    figure.update_yaxes(rangemode="tozero")
    return bare(figure, 240, *titles)


def heat(curves: Floats, numbers: Sequence[int], x: Floats, colour: str, titles: tuple[str, str]) -> go.Figure:
    """Tuning curves of many kernels, one a row, the first on top; full colour is where a row has its largest answer.

    Parameters
    ----------
    curves : ndarray of shape (kernels, x)
    numbers : sequence of int
        The kernels' numbers on the screen.
    """
    figure = go.Figure(
        go.Heatmap(
            z=curves / np.maximum(curves.max(1, keepdims=True), 1e-9), x=x, y=[str(number) for number in numbers],
            zmin=0, zmax=1, showscale=False, hoverinfo="skip",
            colorscale=[(0, _tinted(colour, 0.04)), (1, _tinted(colour, 1))],
        )
    )  # fmt: skip
    figure.add_bar(  # a clear bar over each row: a click on a heat map is not heard
        orientation="h", y=[str(number) for number in numbers], base=float(x[0]), x=[float(x[-1] - x[0])] * len(numbers),
        marker_color=_tinted(colour, 0), customdata=np.stack([x[curves.argmax(1)], curves.max(1)], 1),
        hovertemplate=f"{titles[1]} %{{y}}, %{{customdata[0]:g}}°: %{{customdata[1]:.1f}}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(type="category", autorange="reversed", ticks="", tickfont_size=9, dtick=1)
    figure.update_xaxes(tickvals=[0, 45, 90, 135])
    return bare(figure, 60 + 11 * len(numbers), *titles)


def fit_picture(fit: Gabor, picture: Floats) -> npt.NDArray[np.uint8]:
    """A kernel along its strongest colour axis beside its fit, both on one range.

    Parameters
    ----------
    picture : ndarray of shape (rows, columns)

    Returns
    -------
    uint8 ndarray of shape (rows, 2 * columns + 1, 4), RGBA, clear between the two.
    """
    both = np.stack([picture, fit.picture])
    low, high = both.min(), both.max()
    greys = np.round(255 * (both - low) / (high - low or 1)).astype(np.uint8)
    rows, columns = picture.shape
    pixels = np.zeros((rows, 2 * columns + 1, 4), np.uint8)
    for at, side in ((0, greys[0]), (columns + 1, greys[1])):
        pixels[:, at : at + columns, :3] = side[..., None]
        pixels[:, at : at + columns, 3] = 255
    return pixels
