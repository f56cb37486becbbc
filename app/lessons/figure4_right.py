"""Figure 4, right: the pictures whose last hidden layer is nearest to that of yours."""

from __future__ import annotations

import json

import streamlit as st

from app import answers, galleries, state
from app.codes_panel import row_of
from app.lessons import Lesson
from app.neighbours_panel import neighbours_panel
from app.tables import table
from app.text import t

K = 6


def _alike() -> int | None:
    """How many of the six nearest to the picture in use are of the class that the network names first; None without a gallery."""
    gallery = galleries.gallery()
    if gallery is None:
        return None
    first = answers.activations().top(1)[0].name
    names = (*gallery.class_names, "")
    near = galleries.nearest(gallery, galleries.in_use(), "fc7", K)
    return sum(one.row < len(gallery.labels) and names[int(gallery.labels[one.row])] == first for one in near)


def right() -> int | None:
    """None or one of six, up to four, or more."""
    count = _alike()
    if count is None:
        return None
    return 0 if count <= 1 else 1 if count <= 4 else 2


def panel() -> None:
    """The figure, as on the page Neighbours."""
    gallery = galleries.gallery()
    if gallery is None:
        st.info(t("neighbours_none"))
        return
    neighbours_panel(gallery, galleries.query(gallery))


def see() -> None:
    """How often neighbours share the class, in each space, over the validation pictures."""
    if (count := _alike()) is not None:
        st.metric(t("lesson_figure4_right_alike"), t("lesson_figure4_right_of", count=count, k=K))
    path = state.model_path().parent / "codes.json"
    if path.exists():
        report = json.loads(path.read_text(encoding="utf-8"))
        table([row_of(*one) for one in report["spaces"].items()], "figure4_right_spaces")
        st.caption(t("lesson_figure4_right_note", queries=report["queries"], k=report["k"]))


LESSON = Lesson(name="figure4_right", section="Figure 4", options=3, right=right, panel=panel, see=see)
