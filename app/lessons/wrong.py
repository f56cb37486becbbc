"""What popular descriptions of AlexNet get wrong, each with the live number that settles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from app import answers, state
from app.lessons import Lesson
from app.text import t
from model.layers import PAPER

ANSWERS = ("true", "false")


def _conv1() -> dict[str, Any]:
    rows = [config.layer["conv1"] for config in (PAPER, state.explorer().config)]
    return {"paper": rows[0].num_parameters, "here": rows[1].num_parameters}


def _neurons() -> dict[str, Any]:
    config = state.explorer().config
    return {
        "paper": PAPER.layer["conv1"].num_values, "all": PAPER.num_neurons,
        "here": config.layer["conv1"].num_values, "side": PAPER.layer["conv1"].size_px,
    }  # fmt: skip


def _schedule() -> dict[str, Any]:
    recipe = state.explorer().info.recipe
    kind = recipe.get("schedule", {}).get("kind", "?")
    return {"kind": kind, "name": recipe.get("name", "?")}


def _biases() -> dict[str, Any]:
    weights = state.explorer().weights
    return {name: float(np.mean(weights[f"{name}.bias"])) for name in ("conv2", "conv3", "fc6")}


def _decay() -> dict[str, Any]:
    recipe = state.explorer().info.recipe
    return {
        "decay": recipe.get("weight_decay", "?"),
        "biases": sum(row.units for row in state.explorer().config.layers if row.weight_shape),
    }


def _order() -> dict[str, Any]:
    names = [row.name for row in state.explorer().config.layers]
    return {"order": " → ".join(names[: names.index("conv2") + 1])}


def _output() -> dict[str, Any]:
    logits = answers.activations()["fc8"]
    return {
        "negative": int((logits < 0).sum()),
        "all": len(logits),
        "total": float(answers.activations()["prob"].sum()),
    }


def _dropout() -> dict[str, Any]:
    config = state.explorer().config
    return {"units": config.layer["fc7"].units, "dropped": config.layer["fc7"].units // 2 if config.dropout else 0}


def _axes() -> dict[str, Any]:
    covariance = state.explorer().info.covariance
    if covariance is None:
        return {"p": "–", "values": "–"}
    values, vectors = np.linalg.eigh(covariance)
    return {
        "p": ", ".join(f"{part:+.2f}" for part in vectors[:, -1]),
        "values": ", ".join(f"{value:.4f}" for value in values[::-1] / 255**2),
        "grey": ", ".join(f"{value:,.0f}" for value in values[::-1]),
    }


def _nothing() -> dict[str, Any]:
    return {}


CLAIMS: dict[str, Callable[[], dict[str, Any]]] = {
    "conv1": _conv1, "neurons": _neurons, "schedule": _schedule, "biases": _biases, "decay": _decay, "order": _order,
    "dropout": _dropout, "output": _output, "axes": _axes, "eigenvalues": _axes, "one_network": _nothing,
}  # fmt: skip


def right() -> int:
    """None of the three is true."""
    return 3


def panel() -> None:
    """Every claim with two answers; the live number comes with the answer."""
    said = 0
    for name, facts in CLAIMS.items():
        with st.container(key=f"claim_{name}"):
            st.markdown(f"**“{t(f'lesson_wrong_{name}')}”**")
            chosen = st.segmented_control(
                t(f"lesson_wrong_{name}"), ANSWERS, format_func=lambda one: t(f"lesson_wrong_{one}"),
                key=f"wrong_{name}", label_visibility="collapsed", persist_state="session",
            )  # fmt: skip
            if chosen:
                said += chosen == "false"
                verdict = t("lesson_wrong_seen" if chosen == "false" else "lesson_wrong_taken_in")
                st.markdown(f"{verdict} {t(f'lesson_wrong_{name}_truth', **facts())}")
    st.caption(t("lesson_wrong_score", said=said, count=len(CLAIMS)))


def see() -> None:
    """Where the facts are from."""
    st.caption(t("lesson_wrong_sources"))


LESSON = Lesson(name="wrong", section="3–6", options=4, right=right, panel=panel, see=see)
