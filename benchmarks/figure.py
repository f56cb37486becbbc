"""One figure: ours against a reference, timed in turn so that both see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from model.provenance import commit, cpu


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What one line of the table says."""

    name: str
    ours: float
    reference: float
    unit: str
    ratio: float
    """Of the two, as `what` says."""
    goal: str
    """Empty where the figure only informs."""
    met: bool | None
    what: str
    n: int
    hardware: str = field(default_factory=cpu)
    commit: str = field(default_factory=commit)

    def line(self) -> str:
        goal = f"goal {self.goal}: {'met' if self.met else 'NOT MET'}" if self.goal else "no goal"
        return (
            f"{self.name}: ours {self.ours:.3g} {self.unit}, reference {self.reference:.3g} {self.unit}, "
            f"ratio {self.ratio:.2f} ({goal}); {self.what}; {self.hardware}; n = {self.n}; commit {self.commit}"
        )


def compare(ours: Callable[[], object], reference: Callable[[], object], n: int) -> tuple[float, float]:
    """Median milliseconds of two calls that take turns, after two rounds of warm-up."""
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(n + 2):
        for call, kept in zip((ours, reference), times, strict=True):
            start = time.perf_counter()
            call()
            if i >= 2:
                kept.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[0]), statistics.median(times[1])


def median_ms(call: Callable[[], object], n: int) -> float:
    """Median milliseconds of one call, after two rounds of warm-up."""
    return compare(call, lambda: None, n)[0]


def speed_up(name: str, times: tuple[float, float], n: int, what: str, at_least: float | None = None) -> Figure:
    """How many times faster ours is than the reference."""
    ratio = times[1] / times[0]
    return Figure(
        name=name, ours=times[0], reference=times[1], unit="ms", ratio=ratio, n=n, what=what,
        goal=f">= {at_least:g}" if at_least else "", met=ratio >= at_least if at_least else None,
    )  # fmt: skip


def cost(name: str, times: tuple[float, float], n: int, what: str, at_most: float | None = None) -> Figure:
    """How many times the reference's time ours takes."""
    ratio = times[0] / times[1]
    return Figure(
        name=name, ours=times[0], reference=times[1], unit="ms", ratio=ratio, n=n, what=what,
        goal=f"<= {at_most:g}" if at_most else "", met=ratio <= at_most if at_most else None,
    )  # fmt: skip


def within(
    name: str, values: tuple[float, float], n: int, what: str, at_most: float, goal: str = "", unit: str = "ms"
) -> Figure:
    """A measured value against an absolute limit, beside the raw cost; says by how much a limit is missed."""
    ours, raw = values
    met = ours <= at_most
    what = what if met else f"{what}; missed by {ours - at_most:.3g} {unit}"
    return Figure(
        name=name, ours=ours, reference=raw, unit=unit, ratio=ours / raw, n=n, what=what, met=met,
        goal=goal or f"<= {at_most:g} {unit}",
    )  # fmt: skip


Benchmark = Callable[[], list[Figure]]
