"""Section 3.4: overlapping pooling, with the window's size z and the step s as sliders."""

from __future__ import annotations

import itertools

import streamlit as st

from app import answers, state
from app.components.take_away import of_unit
from app.lessons import Lesson
from app.lessons.shown import maps_side_by_side, unit_slider
from app.text import t
from model.layers import Config
from model.what_if import pooled, windows_over


def _below() -> str:
    """The layer that pool1 reads."""
    layers = state.explorer().config.layers
    return next(below.name for below, row in itertools.pairwise(layers) if row.name == "pool1")


def right() -> int:
    """Both are as large, 27 from 55: the windows of two leave the last row and column out."""
    side = state.explorer().config.layer[_below()].size_px
    three, two = (side - 3) // 2 + 1, (side - 2) // 2 + 1
    return 0 if three == two else 1


def panel() -> None:
    """The map before and after, and which values are read more than once."""
    row = state.explorer().config.layer[_below()]
    unit = unit_slider(row)
    left, side = st.columns(2)
    z = left.slider(t("lesson_pooling_z"), 1, 9, 3, key="pooling_z")
    s = side.slider(t("lesson_pooling_s"), 1, 9, 2, key="pooling_s")
    before = answers.activations()[row.name][unit]
    after = pooled(before[None], z, s)[0]
    counts = windows_over(row.size_px, z, s)
    read = counts[:, None] * counts
    captions = [
        t("lesson_pooling_before", size=row.size_px),
        t("lesson_pooling_after", size=len(after), kept=after.size, share=after.size / before.size),
        t("lesson_pooling_read", share=float((read > 1).mean()), unread=float((read == 0).mean())),
    ]
    alts = [t(f"lesson_pooling_alt_{name}", number=unit + 1) for name in ("before", "after", "read")]
    with of_unit(row.name, unit, of_picture=True):
        maps_side_by_side([before, after, read.astype(float)], captions, alts)
    word = "overlap" if z > s else "gap" if z < s else "tile"
    st.caption(t(f"lesson_pooling_{word}", z=z, s=s))


def see() -> None:
    """How many values of this network's own pooling are read more than once."""
    layers = state.explorer().config.layers
    columns = st.columns(3)
    rows = [(below, row) for below, row in itertools.pairwise(layers) if row.kind == "pool"]
    for column, (below, row) in zip(columns, rows, strict=False):
        counts = windows_over(below.size_px, row.window_px, row.stride)
        share = float((counts[:, None] * counts > 1).mean())
        column.metric(t("lesson_pooling_shared", name=row.name), f"{share:.0%}")
    st.caption(t("lesson_pooling_note"))


def _fits(config: Config) -> bool:
    return "pool1" in config.layer


LESSON = Lesson(name="pooling", section="3.4", options=3, right=right, panel=panel, see=see, fits=_fits)
