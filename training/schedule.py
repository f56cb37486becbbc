"""When the learning rate drops. A schedule is a pure function of where the run is and of the errors it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Section 5: the rate is divided by 10 when the validation error stops improving, three times before the end."""

    patience: int = 3
    """Epochs without a better error before the rate drops."""
    least_gain: float = 0.1
    """An error is better when it is this many points below the best."""
    num_drops: int = 3
    begun_below: float = 94.0
    """Errors from here up, before any that is lower, are of a net that has not begun, which is no stall: the paper's small
    first weights can stand still for epochs. With 20 classes the error at random is 95 %; with fewer it may lie below."""

    def _stalls(self, errors: Sequence[float]) -> int:
        stalls, best, waited = 0, float("inf"), 0
        for error in errors:
            if best == float("inf") and error >= self.begun_below:
                continue
            waited = 0 if error < best - self.least_gain else waited + 1
            best = min(best, error) if waited == 0 else best
            if waited == self.patience:
                stalls, waited = stalls + 1, 0
        return stalls

    def factor(self, epoch: float, epochs: int, errors: Sequence[float]) -> float:
        """What to multiply the rate by, after epochs with these top-1 errors in %."""
        return float(10.0 ** -min(self._stalls(errors), self.num_drops))

    def finished(self, errors: Sequence[float]) -> bool:
        """True once the error stalls again after the last drop."""
        return self._stalls(errors) > self.num_drops


@dataclass(frozen=True, kw_only=True)
class Drops:
    """The rate is divided by 10 at epochs known beforehand, as in the logs of the 2012 code."""

    at: tuple[int, ...]
    """Epochs done when it drops."""

    def factor(self, epoch: float, epochs: int, errors: Sequence[float]) -> float:
        """What to multiply the rate by when `epoch` epochs are done."""
        return float(10.0 ** -sum(epoch >= drop for drop in self.at))

    def finished(self, errors: Sequence[float]) -> bool:
        """Never before its time."""
        return False


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """A linear warm-up, then half a cosine down to zero: for runs whose length is fixed beforehand."""

    warmup: float = 0.02
    """Share of the run."""

    def factor(self, epoch: float, epochs: int, errors: Sequence[float]) -> float:
        """What to multiply the rate by when `epoch` of `epochs` are done."""
        progress = epoch / epochs
        if progress < self.warmup:
            return progress / self.warmup
        return 0.5 * (1 + cos(pi * (progress - self.warmup) / (1 - self.warmup)))

    def finished(self, errors: Sequence[float]) -> bool:
        """Never before its time."""
        return False


@dataclass(frozen=True, kw_only=True)
class Trapezoid:
    """A linear warm-up, the full rate, a linear decay to zero: until it decays, a run may still be made longer."""

    warmup_epochs: float = 1.0
    decay_epochs: float

    def factor(self, epoch: float, epochs: int, errors: Sequence[float]) -> float:
        """What to multiply the rate by when `epoch` of `epochs` are done."""
        return min(epoch / self.warmup_epochs if self.warmup_epochs else 1.0, 1.0, (epochs - epoch) / self.decay_epochs)

    def finished(self, errors: Sequence[float]) -> bool:
        """Never before its time."""
        return False


Schedule = Plateau | Drops | Cosine | Trapezoid
