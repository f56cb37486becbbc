"""The stimulus bench: a grating to choose, and what every kernel of the first layer answers to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import streamlit as st

from app import kernel_figures
from app.chart import chart
from app.components.take_away import of_unit
from app.text import t
from model.explorer import Explorer
from model.gratings import COLOUR_AXES, grating, tuning
from model.layers import Layer

ORIENTATIONS = np.arange(0.0, 180.0, 5.0)
FREQUENCIES = np.arange(2, 51) / 100
Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def bench(explorer: Explorer, chosen: int, on_choice: Callable[[int], None]) -> None:
    """Draw the bench: the grating, every kernel's answer, the chosen kernel's curves, every kernel's curve.

    `on_choice` is called with the kernel whose bar or row was clicked.
    """
    st.markdown(f"#### {t('bench_title')}")
    controls, shown, bars = st.columns([3, 3, 6])
    with controls:
        orientation, frequency, colour, contrast = _controls()
    layer = explorer.config.layer["conv1"]
    by_orientation = _tuning(explorer, ORIENTATIONS, np.full(len(ORIENTATIONS), frequency), colour, contrast)
    by_frequency = _tuning(explorer, np.full(len(FREQUENCIES), orientation), FREQUENCIES, colour, contrast)
    now = by_orientation[:, int(np.abs(ORIENTATIONS - orientation).argmin())]
    with shown:
        _picture(explorer, orientation, frequency, colour, contrast)
    with bars:
        _answers(layer, now, chosen, on_choice)
    _curves(layer, by_orientation[chosen], by_frequency[chosen], chosen, orientation, frequency)
    _all_curves(layer, by_orientation, chosen, on_choice)


def _controls() -> tuple[float, float, str, float]:
    orientation = st.slider(t("bench_orientation"), 0, 175, 45, 5, format="%d°", key="kernel_bench_orientation")
    frequency = st.slider(t("bench_frequency"), 0.02, 0.5, 0.1, 0.01, key="kernel_bench_frequency")
    names = {"grey": t("bench_grey"), "red_green": t("bench_red_green"), "blue_yellow": t("bench_blue_yellow")}
    colour = st.segmented_control(
        t("bench_colour"), list(COLOUR_AXES), default="grey", required=True, format_func=names.__getitem__,
        key="kernel_bench_colour", wrap=True,
    )  # fmt: skip
    percent = st.slider(t("bench_contrast"), 0, 100, 100, 5, format="%d %%", key="kernel_bench_contrast")
    return float(orientation), float(frequency), colour or "grey", percent / 100


def _tuning(explorer: Explorer, orientations: Doubles, frequencies: Doubles, colour: str, contrast: float) -> Array:
    kernels, biases = explorer.weights["conv1.weight"], explorer.weights["conv1.bias"]
    return tuning(explorer.config, kernels, biases, orientations, frequencies, colour=colour, contrast=contrast)


def _picture(explorer: Explorer, orientation: float, frequency: float, colour: str, contrast: float) -> None:
    mean = explorer.mean.reshape(3, -1).mean(1)[:, None, None]
    levels = grating(orientation, frequency, 0.0, colour, contrast, explorer.config.crop_px) + mean
    pixels = np.clip(np.round(levels), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    alt = t("bench_alt", orientation=orientation, frequency=frequency)
    st.image(pixels, output_format="PNG", width="stretch", alt=alt)
    cycles = explorer.config.layer["conv1"].window_px * frequency
    st.caption(t("bench_picture_caption", size=explorer.config.crop_px, cycles=cycles))


def _answers(layer: Layer, now: Array, chosen: int, on_choice: Callable[[int], None]) -> None:
    titles = t("kernels_unit"), t("bench_answer")
    caption = t(
        "bench_answers_caption", best=int(now.argmax()) + 1, most=float(now.max()), silent=int((now <= 0).sum())
    )
    figure = kernel_figures.answers(layer, now, chosen, titles)
    _choosable(figure, f"kernel_bench_answers_{chosen}", caption, "x", on_choice)
    st.caption(caption)
    _choice(now, chosen, on_choice)


def _choice(now: Array, chosen: int, on_choice: Callable[[int], None]) -> None:
    """The same choice by number, the strongest answer first, since keys do not reach a chart's bars."""
    key = "kernel_bench_kernel"
    st.session_state[key] = chosen  # what it had is known by a label that may have changed
    st.selectbox(
        t("bench_choice"), np.argsort(-now, kind="stable").tolist(), key=key,
        format_func=lambda kernel: t("bench_choice_one", number=kernel + 1, answer=float(now[kernel])),
        on_change=lambda: on_choice(int(st.session_state[key])),
    )  # fmt: skip


def _choosable(figure: go.Figure, key: str, alt: str, axis: str, on_choice: Callable[[int], None]) -> None:
    """A chart whose points stand for kernels: their numbers are on `axis`. A new choice needs a new key, or the last
    one stays dimmed."""

    def take() -> None:
        if points := st.session_state[key]["selection"]["points"]:
            on_choice(int(points[0][axis]) - 1)

    chart(figure, key, alt, take)


def _curves(
    layer: Layer, by_orientation: Array, by_frequency: Array, chosen: int, orientation: float, frequency: float
) -> None:
    tower = int(chosen >= layer.tower_units(0).stop)
    colour = kernel_figures.colour_of(layer, tower)
    with of_unit("conv1", chosen, where="curves"):
        left, right = st.columns(2)
    with left:
        titles = t("kernels_orientation_axis"), t("bench_answer")
        caption = t("bench_orientation_caption", number=chosen + 1, frequency=frequency)
        figure = kernel_figures.curve(ORIENTATIONS, by_orientation, orientation, colour, titles)
        chart(figure, "kernel_bench_by_orientation", caption)
        st.caption(caption)
    with right:
        titles = t("kernels_frequency_axis"), t("bench_answer")
        caption = t("bench_frequency_caption", number=chosen + 1, orientation=orientation)
        figure = kernel_figures.curve(FREQUENCIES, by_frequency, frequency, colour, titles)
        chart(figure, "kernel_bench_by_frequency", caption)
        st.caption(caption)


def _all_curves(layer: Layer, curves: Array, chosen: int, on_choice: Callable[[int], None]) -> None:
    """Every kernel's curve over orientations; rows by the orientation that a kernel likes best."""
    st.markdown(f"**{t('bench_all')}**")
    for tower, column in enumerate(st.columns(layer.towers)):
        units = np.arange(layer.units)[layer.tower_units(tower)]
        units = units[np.argsort(curves[units].argmax(1), kind="stable")]
        titles = t("kernels_orientation_axis"), t("kernels_unit")
        figure = kernel_figures.heat(
            curves[units],
            [int(unit) + 1 for unit in units],
            ORIENTATIONS,
            kernel_figures.colour_of(layer, tower),
            titles,
        )
        alt = t("bench_all_alt", number=tower + 1) if layer.towers == 2 else t("bench_all_alt_one_tower")
        with column:
            _choosable(figure, f"kernel_bench_all_{tower}_{chosen}", alt, "y", on_choice)
    st.caption(t("bench_all_caption"))
