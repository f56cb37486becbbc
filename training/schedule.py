"""When the learning rate drops. A schedule is a pure function of how far the run is and of the errors it has seen."""

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

    def _stalls(self, errors: Sequence[float]) -> int:
        stalls, best, waited = 0, float("inf"), 0
        for error in errors:
            waited = 0 if error < best - self.least_gain else waited + 1
            best = min(best, error) if waited == 0 else best
            if waited == self.patience:
                stalls, waited = stalls + 1, 0
        return stalls

    def factor(self, progress: float, errors: Sequence[float]) -> float:
        """What to multiply the rate by, `progress` (0..1) of the run done, after epochs with these top-1 errors in %."""
        return float(10.0 ** -min(self._stalls(errors), self.num_drops))

    def finished(self, errors: Sequence[float]) -> bool:
        """True once the error stalls again after the last drop."""
        return self._stalls(errors) > self.num_drops


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """A linear warm-up, then half a cosine down to zero: for runs whose length is fixed beforehand."""

    warmup: float = 0.02
    """Share of the run."""

    def factor(self, progress: float, errors: Sequence[float]) -> float:
        """What to multiply the rate by, `progress` (0..1) of the run done."""
        if progress < self.warmup:
            return progress / self.warmup
        return 0.5 * (1 + cos(pi * (progress - self.warmup) / (1 - self.warmup)))

    def finished(self, errors: Sequence[float]) -> bool:
        """Never before its time."""
        return False
