"""What popular descriptions of AlexNet get wrong, and right: what is true, and the number of the network in use that settles it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from app import answers, state
from app.lessons import Lesson
from app.text import t
from model.layers import PAPER, Config

ANSWERS = ("true", "false")
TRUE = {"fc6", "work"}  # of the claims below; all others are false


def _counts(config: Config) -> dict[str, float]:
    layer, total = config.layer, config.num_parameters
    convolutions = [row for row in config.layers if row.kind == "conv"]
    shares = {row.name: row.num_parameters / total for row in convolutions}
    return {
        "conv1": layer["conv1"].num_parameters,
        "values": layer["conv1"].num_values,
        "neurons": config.num_neurons,
        "side": layer["conv1"].size_px,
        "fc6": layer["fc6"].num_parameters,
        "total": total,
        "conv_parameters": sum(shares.values()),
        "conv_macs": sum(row.num_macs for row in convolutions) / config.num_macs,
        "largest": max(shares.values()),
        **{f"{name}_share": share for name, share in shares.items()},
    }


def _counted(name: str) -> str:
    return t(f"lesson_wrong_{name}_here", **_counts(state.explorer().config))


def _input() -> str:
    config = state.explorer().config
    before, after = config.conv1_pad
    return t("lesson_wrong_input_here", crop=config.crop_px, before=before, after=after)


def _crossing() -> str:
    config = state.explorer().config
    if config.towers == 1:
        return t("lesson_wrong_crossing_none")
    return t("lesson_wrong_crossing_here", layers=", ".join(config.crossing_bytes))


def _recipe() -> dict[str, Any]:
    """How the network in use was trained; empty where others did that."""
    recipe = dict(state.explorer().info.recipe)
    return recipe if "schedule" in recipe else {}


def _schedule() -> str:
    if not (recipe := _recipe()):
        return ""
    how = t(f"lesson_wrong_schedule_{recipe['schedule']['kind'].lower()}")
    return t("lesson_wrong_schedule_here", epochs=recipe["epochs"], lr=recipe["lr"], how=how)


def _biases() -> str:
    weights = state.explorer().weights
    if not _recipe() or "conv3.bias" not in weights:
        return ""
    means = {name: round(float(np.mean(weights[f"{name}.bias"])), 2) + 0.0 for name in ("conv2", "conv3", "fc6")}
    return t("lesson_wrong_biases_here", **means)


def _decay() -> str:
    if not (recipe := _recipe()):
        return ""
    biases = sum(row.units for row in state.explorer().config.layers if row.weight_shape)
    return t("lesson_wrong_decay_here", biases=biases, decay=recipe["weight_decay"])


def _order() -> str:
    names = [row.name for row in state.explorer().config.layers]
    return t("lesson_wrong_order_here", order=" → ".join(names[: names.index("conv2") + 1]))


def _dropout() -> str:
    config = state.explorer().config
    if not _recipe() or not config.dropout:
        return "" if config.dropout else t("lesson_dropout_unfit")
    units = config.layer["fc7"].units
    return t("lesson_wrong_dropout_here", units=units, dropped=units // 2)


def _output() -> str:
    seen = answers.activations()
    facts = {"negative": int((seen["fc8"] < 0).sum()), "all": len(seen["fc8"]), "total": float(seen["prob"].sum())}
    return t("lesson_wrong_output_here", **facts)


def _axes() -> str:
    if (covariance := state.explorer().info.covariance) is None:
        return ""
    first = np.linalg.eigh(covariance).eigenvectors[:, -1]
    return t("lesson_wrong_axes_here", p=", ".join(f"{part:+.2f}" for part in first))


def _eigenvalues() -> str:
    if (covariance := state.explorer().info.covariance) is None:
        return ""
    values = np.linalg.eigvalsh(covariance)[::-1]
    small, grey = (
        ", ".join(f"{one:{spec}}" for one in of) for of, spec in ((values / 255**2, ".4f"), (values, ",.0f"))
    )
    return t("lesson_wrong_eigenvalues_here", values=small, grey=grey)


def _published() -> str:
    return t("lesson_wrong_published")


CLAIMS: dict[str, Callable[[], str]] = {
    "conv1": partial(_counted, "conv1"), "neurons": partial(_counted, "neurons"), "input": _input,
    "fc6": partial(_counted, "fc6"), "percent": partial(_counted, "percent"), "work": partial(_counted, "work"),
    "crossing": _crossing, "schedule": _schedule, "biases": _biases, "decay": _decay, "order": _order,
    "dropout": _dropout, "output": _output, "axes": _axes, "eigenvalues": _eigenvalues, "one_network": _published,
}  # fmt: skip
"""What the network in use says to each; nothing where its file does not tell."""


def right() -> int:
    """None of the three in the question is true."""
    return 3


def panel() -> None:
    """Every claim with two answers; the truth and the live number come with the answer."""
    said = 0
    for name, here in CLAIMS.items():
        with st.container(key=f"claim_{name}"):
            st.markdown(f"**“{t(f'lesson_wrong_{name}')}”**")
            chosen = st.segmented_control(
                t(f"lesson_wrong_{name}"), ANSWERS, format_func=lambda one: t(f"lesson_wrong_{one}"),
                key=f"wrong_{name}", label_visibility="collapsed", persist_state="session",
            )  # fmt: skip
            if chosen:
                is_right = (chosen == "true") == (name in TRUE)
                said += is_right
                verdict = t(f"lesson_wrong_{'seen' if is_right else 'doubted' if name in TRUE else 'taken_in'}")
                truth = t(f"lesson_wrong_{name}_truth", **_counts(PAPER))
                st.markdown(f"{verdict} {truth} {here() or t('lesson_wrong_unknown')}")
    st.caption(t("lesson_wrong_score", said=said, count=len(CLAIMS)))


def see() -> None:
    """Where the facts are from."""
    st.caption(t("lesson_wrong_sources"))


LESSON = Lesson(name="wrong", section="3–6", options=4, right=right, panel=panel, see=see)
