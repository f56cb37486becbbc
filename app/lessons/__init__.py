"""Lessons on the paper, a section or a figure each. A lesson asks before it tells: predict, try, see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model.layers import Config


def always(_: Config) -> bool:
    """Fits every network."""
    return True


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One lesson. Its sentences have the keys lesson_NAME_title, _ask, _option_0 ..., _try and _see."""

    name: str
    section: str
    """Of the paper, as printed: "3.1", "3–6", or "Figure 3"."""
    options: int
    """How many answers its question has."""
    right: Callable[[], int | None]
    """Which of them is right, reckoned on the picture and network in use; None where that cannot be."""
    panel: Callable[[], None]
    """What the learner turns and touches."""
    see: Callable[[], None]
    """The numbers that settle the question."""
    fits: Callable[[Config], bool] = always
    """Whether a network has what the lesson is about."""
