"""Section 5: the update rule as a ball on a slope, and this model's own schedule and curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app import card
from app.figures import BAR_COLOUR, bare
from app.lessons import Lesson
from app.lessons.shown import lines, plot
from app.text import t
from model.what_if import descent, hill

START = -2.4
X = np.linspace(-3, 3.3, 200)


def right() -> int:
    """On an even slope a velocity that keeps 0.9 of itself grows to ten times one step."""
    return 2


def panel() -> None:
    """The ball, with the rule's constants to turn."""
    columns = st.columns(4)
    momentum = columns[0].slider(t("lesson_update_momentum"), 0.0, 0.99, 0.9, 0.01, key="update_momentum")
    lr = columns[1].slider(t("lesson_update_lr"), 0.01, 0.5, 0.05, 0.01, key="update_lr")
    decay = columns[2].slider(t("lesson_update_decay"), 0.0, 0.5, 0.0005, 0.0005, format="%.4f", key="update_decay")
    steps = columns[3].slider(t("lesson_update_steps"), 1, 120, 40, key="update_steps")
    w, v = descent(START, steps, lr, momentum, decay)
    w = np.clip(w, -3, 3.3)
    figure = lines(X, [("", hill(X))], ("w", t("lesson_update_loss")))
    figure.add_scatter(x=w, y=hill(w), mode="markers+lines", line={"width": 1, "color": BAR_COLOUR},
                       marker={"size": 7, "color": BAR_COLOUR}, hovertemplate="w %{x:.3f}<extra></extra>")  # fmt: skip
    figure.add_scatter(
        x=w[-1:], y=hill(w[-1:]), mode="markers", marker={"size": 18, "color": BAR_COLOUR}, hoverinfo="skip"
    )
    figure.update_layout(showlegend=False)
    word = "deep" if w[-1] > 0.5 else "shallow"
    plot(figure, "update_ball", t(f"lesson_update_{word}", steps=steps, w=float(w[-1]), v=float(v[-1])))


def see() -> None:
    """The rate and the errors of this model's training, epoch by epoch."""
    curve = _curve()
    if not curve:
        st.info(t("lesson_update_no_card"))
        return
    epochs = np.asarray([row["epoch"] for row in curve])
    left, side = st.columns(2)
    with left:
        caption = t("lesson_update_rate", epochs=len(curve), most=max(row["lr"] for row in curve))
        plot(_one(epochs, [row["lr"] for row in curve], t("lesson_update_lr")), "update_rate", caption)
    with side:
        errors = [(t(f"lesson_update_top{k}"), np.asarray([row[f"val_top{k}_error"] for row in curve])) for k in (1, 5)]
        figure = lines(epochs, errors, (t("lesson_update_epoch"), "%"))
        figure.update_yaxes(rangemode="tozero")
        last = {f"top{k}": curve[-1][f"val_top{k}_error"] for k in (1, 5)}
        caption = t("lesson_update_errors", **last)
        counts = {int(row.get("num_judged", 0)) for row in curve}
        if len(counts) == 1 and (count := counts.pop()):
            caption += " " + t("lesson_update_judged", count=count)
        plot(figure, "update_errors", caption)


def _one(x: Any, y: Any, title: str) -> go.Figure:
    figure = go.Figure(go.Scatter(x=x, y=y, mode="lines", line={"color": BAR_COLOUR, "width": 2.5}))
    figure.update_yaxes(rangemode="tozero")
    return bare(figure, 280, t("lesson_update_epoch"), title)


def _curve() -> list[dict[str, float]]:
    curve: list[dict[str, float]] = card.read().get("curve", [])
    return curve if curve and "lr" in curve[0] else []


LESSON = Lesson(name="update", section="5", options=4, right=right, panel=panel, see=see)
