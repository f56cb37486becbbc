"""Section 3.2: which layers talk to the other GPU, how much, and what becomes of the answer without."""

from __future__ import annotations

import streamlit as st

from app import answers, state
from app.figures import probability_text
from app.lesion_panel import lesion_slider, name_of
from app.lessons import Lesson
from app.tables import table
from app.text import t
from app.top_five import top_five
from app.view import wide_targets
from model.layers import Config, Layer

BYTES = 4  # of a float32


def weighted(config: Config) -> list[Layer]:
    """The layers that have weights."""
    return [row for row in config.layers if row.weight_shape]


def right() -> int | None:
    """One, two, four, or all eight; None for a variant with another count."""
    count = len(state.explorer().config.crossing_bytes)
    return {1: 0, 2: 1, 4: 2, 8: 3}.get(count)


def panel() -> None:
    """What each layer reads, and the wires to cut."""
    config = state.explorer().config
    crossing = config.crossing_bytes
    rows = []
    for row in weighted(config):
        reads = "reads_all" if row.name == "conv1" else "reads_both" if row.reads_both else "reads_own"
        kilobytes = f"{crossing[row.name] / 1000:,.1f}" if row.name in crossing else ""
        rows.append({t("column_layer"): row.name, t("column_reads"): t(reads), t("lesson_gpus_kilobytes"): kilobytes})
    reads_side, cut = st.columns(2, gap="large")
    with reads_side:
        table(rows, "gpus_table", height="content")
    with cut:
        for target in wide_targets(config):
            lesion_slider(target, name_of(target), key=f"lesson_{target}")
        top_five(key="gpus_top5")


def see() -> None:
    """The traffic of one picture, and the paper's figure."""
    config = state.explorer().config
    crossing = config.crossing_bytes
    everything = sum(
        BYTES * below.num_values * row.towers // 2
        for below, row in zip(config.layers, config.layers[1:], strict=False)
        if row.weight_shape
    )
    left, side = st.columns(2)
    left.metric(t("lesson_gpus_crossing"), f"{sum(crossing.values()) / 1000:,.1f} kB")
    side.metric(t("lesson_gpus_everything"), f"{everything / 1000:,.1f} kB")
    before, now = (answers.activations(intact=intact).top(1)[0] for intact in (True, False))
    st.caption(t("lesson_gpus_note"))
    if answers.gains():
        st.caption(
            t("lesson_gpus_cut", before=probability_text(before.probability), now=probability_text(now.probability))
        )


LESSON = Lesson(
    name="gpus", section="3.2", options=4, right=right, panel=panel, see=see, fits=lambda config: config.towers == 2
)
