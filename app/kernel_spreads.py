"""How many kernels of the first layer have how much of a quantity, GPU by GPU; a bar that is chosen says which they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import card, kernel_figures
from app.chart import chart
from app.text import t
from model.kernels import Gabor, difference
from model.layers import Layer

TITLES = {
    "selectivity": "kernels_colour", "orientation": "kernels_orientation_axis", "frequency": "kernels_frequency_axis",
}  # fmt: skip


class Bar(NamedTuple):
    """One bar of one histogram."""

    quantity: str
    tower: int
    number: int
    """From the left, from 0."""


@dataclass(frozen=True, eq=False)
class Spread:
    """One quantity of all kernels."""

    name: str
    values: npt.NDArray[np.float64]
    """(kernels,), NaN where it means nothing."""
    edges: npt.NDArray[np.float64]
    """(bars + 1,)"""

    def groups(self, layer: Layer) -> list[npt.NDArray[np.float64]]:
        """The values that mean something, by GPU."""
        parts = (self.values[layer.tower_units(tower)] for tower in range(layer.towers))
        return [part[~np.isnan(part)] for part in parts]

    def kernels(self, layer: Layer, bar: Bar) -> set[int]:
        """Those that a bar counts."""
        units = np.arange(layer.units)[layer.tower_units(bar.tower)]
        low, high = self.edges[bar.number], self.edges[bar.number + 1]
        values, is_last = self.values[units], bar.number == len(self.edges) - 2
        inside = (values >= low) & ((values <= high) if is_last else (values < high))  # as numpy.histogram counts
        return set(units[inside].tolist())

    def bars(self, layer: Layer) -> list[Bar]:
        """Those that count any."""
        every = (Bar(self.name, tower, at) for tower in range(layer.towers) for at in range(len(self.edges) - 1))
        return [bar for bar in every if self.kernels(layer, bar)]


def share(value: float) -> str:
    """A number from 0 to 1 in two digits."""
    return f"{value:.2f}".removeprefix("0")


def spreads_of(selectivity: npt.NDArray[np.float64], fits: list[Gabor]) -> list[Spread]:
    """Colour selectivity, orientation and frequency; the last two where the fit is good enough to say."""
    turned = np.asarray([fit.orientation % 180 if fit.has_orientation else np.nan for fit in fits])
    barred = np.asarray([fit.frequency if fit.has_frequency else np.nan for fit in fits])
    return [
        Spread("selectivity", selectivity, np.linspace(0, 1, 11)),
        Spread("orientation", turned, np.linspace(0, 180, 13)),
        Spread("frequency", barred, np.linspace(0, 0.5, 11)),
    ]


def marked_kernels(layer: Layer, spreads: list[Spread]) -> list[int]:
    """The kernels in the bars that are chosen; where several quantities have such bars, those in all of them."""
    chosen = [
        set[int]().union(*(spread.kernels(layer, bar) for bar in bars))
        for spread in spreads
        if (bars := _chosen(layer, spread))
    ]
    return sorted(set.intersection(*chosen)) if chosen else []


def _chosen(layer: Layer, spread: Spread) -> list[Bar]:
    """The chosen bars of one quantity; those of a model before are left out."""
    return [bar for bar in spread.bars(layer) if bar in st.session_state.get("chosen_bars", ())]


def distributions(layer: Layer, spreads: list[Spread]) -> None:
    """A histogram for each quantity, and the paper's claim about the GPUs where there are two."""
    st.markdown(f"#### {t('kernels_distributions' if layer.towers == 2 else 'kernels_distributions_one_tower')}")
    colours = [kernel_figures.colour_of(layer, tower) for tower in range(layer.towers)]
    if layer.towers == 2:
        st.write(_claim(*spreads[0].groups(layer)))
        if card.is_joined():
            st.caption(t("kernels_joined"))
    for column, spread in zip(st.columns(3), spreads, strict=True):
        with column:
            groups, chosen = spread.groups(layer), _chosen(layer, spread)
            title, places = t(TITLES[spread.name]), [(bar.tower, bar.number) for bar in chosen]
            figure = kernel_figures.distribution(groups, colours, spread.edges, title, places)
            caption = _caption(spread.name, groups)
            key = "_".join([f"kernel_{spread.name}", *(f"{tower}-{number}" for tower, number in places)])
            chart(figure, key, caption, partial(_take_clicked, key, spread.name))  # a new choice needs a new key
            st.caption(caption)
    _choice(layer, spreads)


def _take_clicked(key: str, quantity: str) -> None:
    """What was clicked is chosen, or no longer: a trace is a GPU."""
    bars = set(st.session_state.get("chosen_bars", ()))
    for point in st.session_state[key]["selection"]["points"]:
        bars ^= {Bar(quantity, int(point["curve_number"]), int(point["point_index"]))}
    st.session_state["chosen_bars"] = bars


def _choice(layer: Layer, spreads: list[Spread]) -> None:
    """The same choice by name, since keys do not reach a chart's bars."""
    by_name = {spread.name: spread for spread in spreads}

    def named(bar: Bar) -> str:
        spread = by_name[bar.quantity]
        low, high = spread.edges[bar.number : bar.number + 2]
        facts = {"quantity": t(TITLES[bar.quantity]), "low": low, "high": high, "gpu": bar.tower + 1}
        key = "kernels_bar" if layer.towers == 2 else "kernels_bar_one_tower"
        return t(key, count=len(spread.kernels(layer, bar)), **facts)

    chosen = [bar for spread in spreads for bar in _chosen(layer, spread)]
    st.session_state["kernel_bars"] = chosen
    st.multiselect(
        t("kernels_spreads_caption"), [bar for spread in spreads for bar in spread.bars(layer)], format_func=named,
        key="kernel_bars", on_change=_take_named, placeholder=t("kernels_bars_none"),
    )  # fmt: skip


def _take_named() -> None:
    st.session_state["chosen_bars"] = set(st.session_state["kernel_bars"])


def _caption(name: str, groups: list[npt.NDArray[np.float64]]) -> str:
    """How to read one distribution; orientations go round, so they have no median."""
    parts = []
    for number, values in enumerate(groups, 1):
        key = "kernels_group" if len(groups) == 2 else "kernels_group_one_tower"
        part = t(key, number=number, count=len(values))
        if name == "orientation":
            upright = int((np.abs((values + 45) % 90 - 45) < 15).sum())
            part += t("kernels_upright", count=upright)
        elif len(values):
            part += t("kernels_median", median=share(float(np.median(values))))
        parts.append(part)
    groups_text = "; ".join(parts)
    if name == "selectivity":
        return t("kernels_selectivity_caption", groups=groups_text)
    if name == "orientation":
        return t("kernels_orientation_caption", groups=groups_text)
    return t("kernels_frequency_caption", groups=groups_text)


def _claim(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> str:
    """The paper's sentence about Figure 3 beside this model's numbers."""
    found = difference(first, second)
    if not found.is_told:
        verdict = t("kernels_claim_untold")
    else:
        verdict = t("kernels_claim_as_printed") if found.mean > 0 else t("kernels_claim_renumbered")
    facts = {"first": share(float(first.mean())), "second": share(float(second.mean()))}
    interval = {"difference": found.mean, "low": found.low, "high": found.high}
    return f"{t('kernels_claim', **facts, **interval)} {verdict}"
