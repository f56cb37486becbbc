"""The steps that make a value of the network, each with the numbers that went in: plain data and its arithmetic.

`model.window` fills them. Sums are taken in float64, so that they are the network's own within its float32 rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Exact = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """One value of the network; all count from 0. A fully connected unit has one, at (0, 0)."""

    layer: str
    unit: int
    row: int = 0
    column: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedSum:
    """A convolution's window, or a fully connected unit: products, their sum, the bias, f, the gain."""

    place: Place
    reads: str
    """The layer below, or IMAGE."""
    channels: npt.NDArray[np.int64]
    """(channels,), the numbers that the maps read have in the layer below."""
    top: int
    """Row and column, in the maps read, at which the patch begins; negative in the zero padding."""
    left: int
    inside: npt.NDArray[np.bool_]
    """(k, k), false where the patch lies in the padding."""
    patch: Array
    """(channels, k, k) as the kernel reads it: what comes from the other GPU has been multiplied by `cross_talk`."""
    kernel: Array
    """(channels, k, k)"""
    crosses: npt.NDArray[np.bool_]
    """(channels,), true for what comes from the other GPU."""
    cross_talk: float
    halved: float
    """0.5 behind dropout at test time (section 4.2), else 1."""
    bias: float
    function: str
    """f: "relu", "tanh", or nothing."""
    gain: float

    @property
    def products(self) -> Exact:
        """(channels, k, k)"""
        return self.patch.astype(np.float64) * self.kernel

    @property
    def sums(self) -> Exact:
        """(channels,), what each map read contributes, halving not applied."""
        sums: Exact = self.products.sum((1, 2))
        return sums

    @property
    def total(self) -> float:
        return float(self.sums.sum())

    @property
    def before(self) -> float:
        """The sum and the bias, before f."""
        return self.halved * self.total + self.bias

    @property
    def after(self) -> float:
        """f of it, before the gain."""
        return _apply(self.function, self.before)

    @property
    def output(self) -> float:
        return self.gain * self.after

    @property
    def strongest(self) -> npt.NDArray[np.int64]:
        """(channels,), positions in `channels`: those that drive the unit most, up or down, first."""
        return np.argsort(-np.abs(self.sums), kind="stable")


@dataclass(frozen=True, eq=False, kw_only=True)
class Normalisation:
    """Section 3.3: a / (k + alpha * sum of squares) ** beta, over n maps of a tower; or over places of one map."""

    place: Place
    reads: str
    value: float
    """a, what is divided."""
    maps: npt.NDArray[np.int64]
    """Numbers of the maps whose squares are added; one map where the neighbours are places."""
    values: Array
    """Their values here, (maps,); or (5, 5), those around the place, zeros outside the map."""
    k: float
    alpha: float
    beta: float

    @property
    def squares(self) -> Exact:
        return self.values.astype(np.float64) ** 2

    @property
    def total(self) -> float:
        """The sum of squares."""
        return float(self.squares.sum())

    @property
    def base(self) -> float:
        """k + alpha * sum of squares."""
        return self.k + self.alpha * self.total

    @property
    def divisor(self) -> float:
        return float(self.base**self.beta)

    @property
    def output(self) -> float:
        return self.value / self.divisor


@dataclass(frozen=True, eq=False, kw_only=True)
class Pooling:
    """Section 3.4: the largest of a window, and which of its values other windows read too."""

    place: Place
    reads: str
    top: int
    left: int
    values: Array
    """(k, k)"""
    windows: npt.NDArray[np.int64]
    """(k, k), how many windows read each value, this one included."""
    function: str
    """f, where it comes behind the pooling (2012 code, layer 1), else nothing."""

    @property
    def winner(self) -> tuple[int, int]:
        """Row and column, in the map read, of the largest value; the first of equals."""
        row, column = divmod(int(self.values.argmax()), self.values.shape[1])
        return self.top + row, self.left + column

    @property
    def largest(self) -> float:
        return float(self.values.max())

    @property
    def output(self) -> float:
        return _apply(self.function, self.largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax:
    """A class's probability: its exponential over the sum of all; the largest logit is taken off all, against overflow."""

    place: Place
    reads: str
    logits: Array
    """(classes,)"""

    @property
    def largest(self) -> float:
        return float(self.logits.max())

    @property
    def exponentials(self) -> Exact:
        """(classes,), exp(logit - largest)."""
        exponentials: Exact = np.exp(self.logits.astype(np.float64) - self.largest)
        return exponentials

    @property
    def total(self) -> float:
        return float(self.exponentials.sum())

    @property
    def output(self) -> float:
        return float(self.exponentials[self.place.unit]) / self.total


Step = WeightedSum | Normalisation | Pooling | Softmax


def _apply(function: str, value: float) -> float:
    return {"relu": max(value, 0.0), "tanh": math.tanh(value)}.get(function, value)
