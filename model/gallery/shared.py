"""Why two pictures are near: what they have in common, and how far two lists of neighbours agree."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Shared:
    """One unit that answers to both of two pictures."""

    unit: int
    values: tuple[float, float]
    share: float
    """Of the product q.x, 0..1: |q - x|^2 is |q|^2 + |x|^2 - 2 q.x, so this is what brings the two near."""


def shared_units(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating], count: int = 10) -> tuple[Shared, ...]:
    """The units that two pictures share most, largest share first; none where they have nothing in common.

    Parameters
    ----------
    one, other : ndarray of shape (units,)
        What a layer behind a ReLU makes of each picture.
    """
    one, other = one.astype(np.float64), other.astype(np.float64)
    products = one * other
    total = products.sum()
    best = np.argsort(-products, kind="stable")[:count]
    return tuple(
        Shared(int(unit), (float(one[unit]), float(other[unit])), float(products[unit] / total))
        for unit in best
        if products[unit] > 0
    )


def overlap(first: Collection[int], second: Collection[int]) -> float:
    """Share of `first` that is in `second` too, 0..1; 0 where there is none."""
    return len(set(first) & set(second)) / len(first) if first else 0.0
