"""How many kernels of the first layer have how much of a quantity, GPU by GPU; a bar that is clicked says which they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import kernel_figures
from app.text import t
from model.kernels import Gabor, difference
from model.layers import Layer

STATIC = {"displayModeBar": False}


@dataclass(frozen=True, eq=False)
class Spread:
    """One quantity of all kernels."""

    name: str
    values: npt.NDArray[np.float64]
    """(kernels,), NaN where it means nothing."""
    edges: npt.NDArray[np.float64]
    """(bars + 1,)"""

    @property
    def key(self) -> str:
        return f"kernel_{self.name}"

    def groups(self, layer: Layer) -> list[npt.NDArray[np.float64]]:
        """The values that mean something, by GPU."""
        parts = (self.values[layer.tower_units(tower)] for tower in range(layer.towers))
        return [part[~np.isnan(part)] for part in parts]

    def kernels(self, layer: Layer, points: Sequence[Mapping[str, Any]]) -> set[int]:
        """Those in the bars that were clicked: a trace is a GPU."""
        found: set[int] = set()
        for point in points:
            tower, bar = int(point["curve_number"]), int(point["point_index"])
            if tower >= layer.towers:  # of a model before
                continue
            units = np.arange(layer.units)[layer.tower_units(tower)]
            low, high = self.edges[bar], self.edges[bar + 1]
            values, is_last = self.values[units], bar == len(self.edges) - 2
            inside = (values >= low) & ((values <= high) if is_last else (values < high))  # as numpy.histogram counts
            found |= set(units[inside].tolist())
        return found


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
    """The kernels in the bars that are clicked; where several quantities have such bars, those in all of them."""
    chosen = [
        spread.kernels(layer, points)
        for spread in spreads
        if (points := st.session_state.get(spread.key, {}).get("selection", {}).get("points"))
    ]
    return sorted(set.intersection(*chosen)) if chosen else []


def distributions(layer: Layer, spreads: list[Spread]) -> None:
    """A histogram for each quantity, and the paper's claim about the GPUs where there are two."""
    st.markdown(f"#### {t('kernels_distributions' if layer.towers == 2 else 'kernels_distributions_one_tower')}")
    colours = [kernel_figures.colour_of(layer, tower) for tower in range(layer.towers)]
    if layer.towers == 2:
        st.write(_claim(*spreads[0].groups(layer)))
    titles = {
        "selectivity": t("kernels_colour"),
        "orientation": t("kernels_orientation_axis"),
        "frequency": t("kernels_frequency_axis"),
    }
    for column, spread in zip(st.columns(3), spreads, strict=True):
        with column:
            groups = spread.groups(layer)
            figure = kernel_figures.distribution(groups, colours, spread.edges, titles[spread.name])
            caption = _caption(spread.name, groups)
            st.plotly_chart(
                figure, key=spread.key, config=STATIC, alt=caption, on_select="rerun", selection_mode="points"
            )
            st.caption(caption)
    st.caption(t("kernels_spreads_caption"))


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
