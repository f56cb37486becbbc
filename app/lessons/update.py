"""Section 5: the update rule as a ball on a slope, and this model's own schedule and curves."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import curves
from app.figures import BAR_COLOUR
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
    """The rate, the loss and the errors of this model's training, epoch by epoch."""
    if curve := curves.last_curve():
        curves.draw(curve)
    else:
        st.info(t("lesson_update_no_card"))


LESSON = Lesson(name="update", section="5", options=4, right=right, panel=panel, see=see)
