"""Section 3.3: local response normalisation with its four constants as sliders, and one value spelled out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from app import answers, state
from app.components.take_away import of_unit
from app.components.window_words import number
from app.lessons import Lesson
from app.lessons.shown import maps_side_by_side, unit_slider
from app.text import t
from model.layers import LRN, Config
from model.what_if import divisor, neighbours


def right() -> int:
    """A value shrinks, and the more so the stronger its neighbours."""
    return 0


def _chosen(own: LRN) -> LRN:
    columns, model = st.columns(4), state.model_key()  # every network's sliders begin where it is
    k = columns[0].slider("k", 0.5, 5.0, own.k, 0.5, key=f"lrn_k_{model}")
    n = columns[1].slider("n", 1, 15, own.n, 2, key=f"lrn_n_{model}")
    power = columns[2].slider("log₁₀ α", -6.0, -2.0, float(np.log10(own.alpha)), 0.1, key=f"lrn_alpha_{model}")
    beta = columns[3].slider("β", 0.25, 1.5, own.beta, 0.25, key=f"lrn_beta_{model}")
    as_trained = abs(power - np.log10(own.alpha)) < 0.01
    return replace(own, k=k, n=n, alpha=own.alpha if as_trained else 10**power, beta=beta)


def panel() -> None:
    """The sliders, the map before and after, and the arithmetic at its strongest place."""
    config = state.explorer().config
    assert config.lrn
    conv1, maps = config.layer["conv1"], answers.activations()["conv1"]
    unit, lrn = unit_slider(conv1), _chosen(config.lrn)
    divided_by = divisor(maps, unit, lrn, config.norm_towers)
    before, after = maps[unit], maps[unit] / divided_by
    alts = [t(f"lesson_lrn_alt_{name}", number=unit + 1) for name in ("before", "after", "divisor")]
    captions = [
        t("lesson_lrn_before", most=float(before.max())),
        t("lesson_lrn_after", most=float(after.max())),
        t("lesson_lrn_divisor", least=float(divided_by.min()), most=float(divided_by.max())),
    ]
    with of_unit("conv1", unit, of_picture=True):
        maps_side_by_side([before, after, divided_by - divided_by.min()], captions, alts)
    _spelled_out(lrn, unit)


def _spelled_out(lrn: LRN, unit: int) -> None:
    """The formula with the numbers of the map's strongest place."""
    maps = answers.activations()["conv1"]
    row, column = np.unravel_index(int(maps[unit].argmax()), maps[unit].shape)
    around = neighbours(len(maps), unit, lrn.n, state.explorer().config.norm_towers)
    values = [float(maps[i, row, column]) for i in around]
    total = sum(value**2 for value in values)
    base = lrn.k + lrn.alpha * total
    a, b = float(maps[unit, row, column]), float(maps[unit, row, column]) / base**lrn.beta
    squares = " + ".join(f"{number(value, 4)}²" for value in values)
    st.caption(t("lesson_lrn_where", first=around.start + 1, last=around.stop, row=row + 1, column=column + 1))
    st.code(
        f"Σ a² = {squares}\n     = {number(total)}\n"
        f"k + α Σ a² = {number(lrn.k)} + {number(lrn.alpha)} × {number(total)} = {number(base)}\n"
        f"b = {number(a)} / {number(base)}^{number(lrn.beta)} = {number(a)} / {number(base**lrn.beta)} = {number(b)}",
        language=None, wrap_lines=True,
    )  # fmt: skip


def see() -> None:
    """How far this picture's values shrink in the network itself."""
    config, seen = state.explorer().config, answers.activations()
    assert config.lrn
    alive = seen["conv1"] > 0
    ratio = seen["conv1"][alive] / seen["norm1"][alive]
    alone = config.lrn.k**config.lrn.beta
    neighbours = "one_tower" if config.towers == 1 else "across" if config.lrn_across_towers else "own"
    st.write(t(f"lesson_lrn_{neighbours}"))
    left, side = st.columns(2)
    left.metric(t("lesson_lrn_alone"), f"{alone:.2f}")
    side.metric(t("lesson_lrn_most"), f"{float(ratio.max(initial=alone)):.2f}")
    st.caption(t("lesson_lrn_note"))


def _fits(config: Config) -> bool:
    return (
        config.lrn is not None and "norm1" in config.layer and not (config.relu_after_pool1 or config.pool_before_norm)
    )


LESSON = Lesson(name="lrn", section="3.3", options=3, right=right, panel=panel, see=see, fits=_fits)
