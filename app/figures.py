"""Arrays and numbers as figures and pictures. No Streamlit here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from PIL import Image

from model.layers import SQUARE_PX

GPU_COLOURS = ("#0072B2", "#D55E00")  # two colours mean two GPUs, everywhere; nothing else uses them
BAR_COLOUR = "#7f8c8d"
MAGMA = "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf"
RAMP = np.asarray([list(bytes.fromhex(colour)) for colour in MAGMA.split()])  # (10, 3), dark to bright
CLEAR = "rgba(0, 0, 0, 0)"


def probability_text(probability: float) -> str:
    """Two digits; "<.01" for what would round to nothing."""
    if probability < 0.01:
        return "<.01"
    return f"{probability:.2f}".removeprefix("0") if probability < 0.995 else "1.00"


def bare(figure: go.Figure, height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """A figure transparent, close to its neighbours, one title an axis."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False, bargap=0.15,
        paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, font_size=13, hovermode="closest",
    )  # fmt: skip
    figure.update_xaxes(title_text=x_title, automargin=True, zeroline=False)
    figure.update_yaxes(title_text=y_title, automargin=True, zeroline=False)
    return figure


def larger(figure: go.Figure, scale: float) -> go.Figure:
    """The same figure, height and type in proportion; its width is the page's."""
    size = figure.layout.font.size * scale
    figure.update_layout(height=figure.layout.height * scale, font_size=size, legend_font_size=size)
    figure.update_xaxes(title_font_size=size, tickfont_size=size).update_yaxes(title_font_size=size)
    figure.for_each_yaxis(lambda axis: axis.update(tickfont_size=(axis.tickfont.size or size / scale) * scale))
    return figure


def confusions(report: Mapping[str, Any], named: Callable[[str], str] = str) -> go.Figure:
    """What was taken for what, as a square: one row a true class. Greys go with the root of a share, to show the rare.

    Parameters
    ----------
    report : mapping
        What `training.evaluate --report` writes.
    named : callable
        What a class is called on the screen.
    """
    names = [named(row["name"]) for row in report["per_class"]]
    labelled = len(names) <= 40
    counts = np.asarray(report["confusion_matrix"], float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=np.sqrt(shares), x=names, y=names, zmin=0, zmax=1, showscale=False, xgap=int(labelled), ygap=int(labelled),
            colorscale=[(0, "rgba(127, 127, 127, 0.05)"), (1, "rgb(127, 127, 127)")],  # on light and on dark
            customdata=np.stack([counts, shares], 2),
            hovertemplate="%{y} -> %{x}: %{customdata[0]:.0f} (%{customdata[1]:.0%})<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(showticklabels=labelled, tickangle=-90, side="top", ticks="")
    figure.update_yaxes(showticklabels=labelled, autorange="reversed", ticks="", automargin=True)
    figure.update_layout(height=150 + 22 * min(len(names), 40), margin={"l": 8, "r": 8, "t": 8, "b": 8}, font_size=12)
    return figure


def greys(
    maps: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Maps in 8 bits, each over its own range.

    Parameters
    ----------
    maps : ndarray of shape (units, height, width)

    Returns
    -------
    uint8 of the same shape, and what 0 and 255 stand for, (units,) each: 0 or the smallest value, if that is negative,
    and the largest.
    """
    low, high = np.minimum(maps.min((1, 2)), 0), np.maximum(maps.max((1, 2)), 0)
    span = np.where(high > low, high - low, 1)[:, None, None]
    return np.round(255 * (maps - low[:, None, None]) / span).astype(np.uint8), low, high


def signed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """A signed picture (3, height, width) as uint8 (height, width, 3): 0 is neutral grey, the largest is white or black."""
    largest = float(np.abs(values).max()) or 1.0
    return np.round(127.5 + 127.5 * values.transpose(1, 2, 0) / largest).astype(np.uint8)


def kernel_pictures(kernels: npt.NDArray[np.float32], each: bool = False) -> npt.NDArray[np.uint8]:
    """Colour kernels as pictures, uint8 (kernels, height, width, 3).

    Parameters
    ----------
    kernels : ndarray of shape (kernels, 3, height, width)
    each : bool
        Stretch every kernel to its own range. Otherwise one minimum and maximum serve all, as in the 2012 code.
    """
    axes = (1, 2, 3) if each else (0, 1, 2, 3)
    low, high = kernels.min(axes, keepdims=True), kernels.max(axes, keepdims=True)
    span = np.where(high > low, high - low, 1)
    pictures: npt.NDArray[np.uint8] = np.round(255 * (kernels - low) / span).astype(np.uint8).transpose(0, 2, 3, 1)
    return pictures


def enlarged(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Every pixel as a block, so that the picture is about `side` wide and a browser has nothing to smooth."""
    block = max(1, side // pixels.shape[1])
    return pixels.repeat(block, 0).repeat(block, 1)


def centre_crop(square: npt.NDArray[np.uint8], crop_px: int) -> npt.NDArray[np.uint8]:
    """What a network sees of a square, uint8 (crop_px, crop_px, 3)."""
    start = (SQUARE_PX - crop_px) // 2
    return square[start : start + crop_px, start : start + crop_px]


def map_over_crop(
    pixels: npt.NDArray[np.uint8],
    values: npt.NDArray[np.float32],
    first_px: float,
    stride_px: int,
    lowest: float | None = None,
) -> npt.NDArray[np.uint8]:
    """A map in colours over the grey crop, twice as large: from dark purple, its lowest, to pale yellow, its highest.

    Parameters
    ----------
    pixels : uint8 ndarray of shape (224, 224, 3), or as large as the network's crops are
    values : ndarray of shape (n, n)
        Drawn linearly from middle to middle; beyond the outermost middles, as there.
    first_px, stride_px
        Where the first value's middle lies, in pixels from the crop's edge, and how far on the next.
    lowest : float, optional
        What is darkest, if it is not the smallest value.
    """
    side = 2 * len(pixels)
    at = np.clip(((np.arange(side) + 0.5) / 2 - first_px) / stride_px, 0, len(values) - 1)
    weights = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(len(values))))  # (side, n): hats over the middles
    drawn = weights @ values @ weights.T
    low, high = values.min() if lowest is None else lowest, values.max()
    shares = (drawn - low) / (high - low) if high > low else np.zeros_like(drawn)
    colours = np.stack([np.interp(shares, np.linspace(0, 1, len(RAMP)), part) for part in RAMP.T], 2)
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize((side, side), Image.Resampling.BICUBIC))
    blended: npt.NDArray[np.uint8] = np.round(0.4 * grey[..., None] + 0.6 * colours).astype(np.uint8)
    return blended


def short(count: int) -> str:
    """A count with at most three digits: 34.9k, 37.8M; nothing for none."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return f"{count}" if count else ""
