"""A model's last training: its rate, training loss and validation errors, epoch by epoch, from its card."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import card
from app.lessons.shown import lines, plot
from app.text import t

Curve = list[dict[str, float]]
Doubles = npt.NDArray[np.float64]


def last_curve() -> Curve:
    """The last training's epochs; none where the model's card has none."""
    curve: Curve = card.read().get("curve", [])
    return curve if curve and "lr" in curve[0] else []


def draw(curve: Curve) -> None:
    """Rate, loss and errors side by side."""
    rates, losses = (_values(curve, key) for key in ("lr", "train_loss"))
    errors = {f"top{k}": _values(curve, f"val_top{k}_error") for k in (1, 5)}
    told = t("lesson_update_errors", **{name: values[-1] for name, values in errors.items()})
    counts = {int(row.get("num_judged", 0)) for row in curve}
    if len(counts) == 1 and (count := counts.pop()):
        told += " " + t("lesson_update_judged", count=count)
    rate, loss, error = st.columns(3)
    with rate:
        _plot(curve, "rate", {"lr": rates}, t("lesson_update_rate", epochs=len(curve), most=rates.max()))
    with loss:
        _plot(curve, "losses", {"loss": losses}, t("lesson_update_losses", first=losses[0], last=losses[-1]))
    with error:
        _plot(curve, "errors", errors, told)


def _values(curve: Curve, key: str) -> Doubles:
    return np.asarray([row[key] for row in curve])


def _plot(curve: Curve, name: str, values: dict[str, Doubles], caption: str) -> None:
    named = [(t(f"lesson_update_{key}"), y) for key, y in values.items()]
    title = named[0][0] if len(named) == 1 else "%"
    figure = lines(_values(curve, "epoch"), named, (t("lesson_update_epoch"), title))
    plot(figure.update_yaxes(rangemode="tozero"), f"update_{name}", caption)
