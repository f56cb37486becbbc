"""Section 6: the paper's figures as bars, what each idea was worth, and what others have reached since."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

import plotly.graph_objects as go
import streamlit as st

from app import card, state
from app.figures import BAR_COLOUR, CLEAR, bare
from app.lessons import Lesson
from app.lessons.shown import plot
from app.tables import table
from app.text import t

LINE = 18  # letters, so that names leave the bars room on a telephone
Figures = Mapping[str, tuple[float, float | None]]  # top-1 and top-5 by row; None where nobody printed it

TABLES: dict[str, Figures] = {
    # Table 1, on the test set, and section 1.
    "2010": {"cnn": (37.5, 17.0), "fisher": (45.7, 25.7), "sparse": (47.1, 28.2)},
    # Table 2, on the validation set; a star in the paper stands for pre-trained on all of ImageNet.
    "2012": {"one": (40.7, 18.2), "five": (38.1, 16.4), "one_more": (39.0, 16.6), "seven_more": (36.7, 15.4)},
    # Sections 3.2, 3.3, 3.4, 4.1 and 7: points of error saved, "more than" and "about" are in the sentences.
    "ideas": {"gpus": (1.7, 1.2), "lrn": (1.4, 1.2), "pooling": (0.4, 0.3), "colours": (1.0, None), "layer": (2.0, None)},
    # On the validation set of 2012, by their makers: Zeiler and Fergus (2013) and cuda-convnet2 with ten crops, the rest with one.
    "since": {
        "zeiler": (40.5, 18.1), "convnet2": (40.42, 18.15), "bvlc": (42.9, 19.8), "caffenet": (42.6, 19.6),
        "torchvision": (43.48, 20.93), "cntk": (40.1, 17.7), "batch_norm": (39.6, 17.5),
    },
}  # fmt: skip


def right() -> int:
    """Five networks against one: 40.7 - 38.1 points."""
    return 1


def panel() -> None:
    """One table at a time: bars, and the numbers as a table to take away."""
    name = st.segmented_control(
        t("lesson_results_which"), list(TABLES), default="2012", required=True, key="results_table",
        format_func=lambda one: t(f"lesson_results_{one}"),
    )  # fmt: skip
    figures = TABLES[name]
    names = [t(f"lesson_results_{name}_{row}") for row in figures]
    plot(_bars(names, list(figures.values())), f"results_{name}", t(f"lesson_results_{name}_caption"))
    titles = (t("lesson_results_what"), t("lesson_results_top1"), t("lesson_results_top5"))
    rows = [(row, *map(_cell, values)) for row, values in zip(names, figures.values(), strict=True)]
    table([dict(zip(titles, row, strict=True)) for row in rows], f"results_table_{name}", height="content")


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".removesuffix("0")


def _bars(names: list[str], values: list[tuple[float, float | None]]) -> go.Figure:
    """Top-1 above top-5, full and hollow."""
    figure = go.Figure()
    fills = (("lesson_results_top1", BAR_COLOUR), ("lesson_results_top5", CLEAR))
    for (title, colour), errors in zip(fills, zip(*values, strict=True), strict=True):
        figure.add_bar(
            y=["<br>".join(wrap(one, LINE)) for one in names], x=errors, name=t(title), orientation="h", text=[_cell(one) for one in errors], textposition="outside",
            marker={"color": colour, "line": {"color": BAR_COLOUR, "width": 2}}, hoverinfo="skip", cliponaxis=False,
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", ticks="")
    figure = bare(figure, 60 + 56 * len(names))
    return figure.update_layout(
        barmode="group",
        showlegend=True,
        margin_r=48,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "xref": "container"},
    )


def see() -> None:
    """What the network in use reaches, on its own pictures."""
    facts = card.read()
    if not facts:
        st.info(t("lesson_results_no_card"))
        return
    st.write(t("lesson_results_here"))
    errors = facts["ten_crop"]
    left, side = st.columns(2)
    left.metric(t("lesson_results_top1"), f"{errors['top1_error']:.1f} %")
    side.metric(t("lesson_results_top5"), f"{errors['top5_error']:.1f} %")
    classes = len(state.explorer().info.classes)
    st.caption(t("lesson_results_note", num_images=errors["num_images"], num_classes=classes))


LESSON = Lesson(name="results", section="6", options=3, right=right, panel=panel, see=see)
