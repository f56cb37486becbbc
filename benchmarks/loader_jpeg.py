"""The same from squares kept as JPEG."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.loader_u8 import loader

GOAL = 3.0


def measure() -> list[Figure]:
    return [loader("jpeg", GOAL)]
