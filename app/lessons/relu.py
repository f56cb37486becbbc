"""Section 3.1: the ReLU beside tanh, their gradients, and what each makes of this picture's first layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, state
from app.components.take_away import of_unit
from app.components.window_words import number
from app.lessons import Lesson
from app.lessons.shown import lines, maps_side_by_side, plot, unit_slider
from app.text import t
from model.what_if import sums_of_conv1

STEEP = 0.01  # a gradient below it hardly teaches
FLAT = 0.95
X = np.linspace(-4, 4, 161)


def _sums() -> npt.NDArray[np.float32]:
    return sums_of_conv1(state.explorer(), answers.activations())


def shares(sums: npt.NDArray[np.float32]) -> tuple[float, float]:
    """How many of the values have a gradient of at least a hundredth, behind ReLU and behind tanh."""
    return float((sums > 0).mean()), float((1 - np.tanh(sums.astype(np.float64)) ** 2 >= STEEP).mean())


def right() -> int:
    """Whichever lets more gradients through."""
    relu, tanh = shares(_sums())
    return 0 if relu > 1.1 * tanh else 1 if tanh > 1.1 * relu else 2


def panel() -> None:
    """Both functions and slopes at a place that the learner moves; one kernel's map behind each."""
    at = st.slider(t("lesson_relu_at"), -4.0, 4.0, 1.5, 0.1, key="relu_at")
    left, side = st.columns(2)
    with left:
        caption = t("lesson_relu_values", x=at, relu=max(0.0, at), tanh=float(np.tanh(at)))
        plot(lines(X, [("ReLU", np.maximum(0, X)), ("tanh", np.tanh(X))], ("x", "f(x)"), at), "relu_values", caption)
    with side:
        caption = t("lesson_relu_slopes", x=at, relu=float(at > 0), tanh=float(1 - np.tanh(at) ** 2))
        slopes = [("ReLU", (X > 0).astype(float)), ("tanh", 1 - np.tanh(X) ** 2)]
        plot(lines(X, slopes, ("x", "f'(x)"), at), "relu_slopes", caption)
    unit = unit_slider(state.explorer().config.layer["conv1"])
    sums = _sums()[unit]
    names = ("before", "relu", "tanh")
    low, high = number(float(sums.min()), 3), number(float(sums.max()), 3)
    flat = float((np.abs(np.tanh(sums)) > FLAT).mean())
    captions = [t(f"lesson_relu_map_{name}", low=low, high=high, share=flat) for name in names]
    alts = [t(f"lesson_relu_alt_{name}", number=unit + 1) for name in names]
    with of_unit("conv1", unit, of_picture=True):
        maps_side_by_side([sums, np.maximum(sums, 0), np.tanh(sums)], captions, alts, (True, False, True))


def see() -> None:
    """How large the sums are here, the shares, and the paper's figure."""
    half = float(np.median(np.abs(_sums())))
    st.write(t("lesson_relu_half", half=number(half, 3), slope=number(float(1 - np.tanh(half) ** 2), 2)))
    relu, tanh = shares(_sums())
    for column, name, share in zip(st.columns(2), ("ReLU", "tanh"), (relu, tanh), strict=True):
        column.metric(t("lesson_relu_share", name=name), f"{share:.1%}")
    st.caption(t("lesson_relu_note"))


LESSON = Lesson(name="relu", section="3.1", options=3, right=right, panel=panel, see=see)
