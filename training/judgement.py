"""What a classifier got wrong: errors with their intervals, class by class, and what was taken for what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
NORMAL_95 = 1.959963984540054  # 97.5 % of a normal distribution lie below it


def wilson(num_wrong: int, num_images: int) -> tuple[float, float]:
    """95 % interval of an error, in percent, when `num_wrong` of `num_images` independent pictures went wrong.

    Wilson's score interval (J. Am. Stat. Assoc. 22, 1927): unlike the usual +-, it is right for few pictures and for
    errors near 0, and never leaves 0..100.

    Raises
    ------
    ValueError
        When there are no pictures, or more wrong than there are.
    """
    if not 0 <= num_wrong <= num_images or num_images < 1:
        raise ValueError(f"{num_wrong} wrong of {num_images} pictures is no error rate; count at least one picture.")
    share, z2 = num_wrong / num_images, NORMAL_95**2
    scale = 1 + z2 / num_images
    middle = (share + z2 / (2 * num_images)) / scale
    half = NORMAL_95 * math.sqrt(share * (1 - share) / num_images + z2 / (4 * num_images**2)) / scale
    low = 0.0 if num_wrong == 0 else middle - half  # exact ends, where rounding would miss them
    high = 1.0 if num_wrong == num_images else middle + half
    return 100 * low, 100 * high


@dataclass(frozen=True)
class Errors:
    """Errors in percent of `num_images` pictures, each seen through `crops` crops (or dense places)."""

    top1_error: float
    top5_error: float
    num_images: int
    crops: int

    @property
    def top1_interval(self) -> tuple[float, float]:
        """95 % interval of `top1_error`, in percent."""
        return self._interval(self.top1_error)

    @property
    def top5_interval(self) -> tuple[float, float]:
        """95 % interval of `top5_error`, in percent."""
        return self._interval(self.top5_error)

    def _interval(self, error: float) -> tuple[float, float]:
        return wilson(round(error / 100 * self.num_images), self.num_images)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the intervals too."""
        return {**asdict(self), "top1_interval": self.top1_interval, "top5_interval": self.top5_interval}


@dataclass(frozen=True, eq=False)
class Judgement:
    """A classifier's answers to a split, picture by picture."""

    labels: Counts
    """(n,), the true classes."""
    ranks: Counts
    """(n,), how many other classes were thought at least as probable as the true one; 0 is right."""
    guesses: Counts
    """(n,), the most probable class; never the true one where `ranks` is not 0."""
    num_classes: int
    crops: int

    @staticmethod
    def of(votes: npt.NDArray[np.float32], labels: Counts, crops: int) -> Judgement:
        """Rank the true class in `votes` (n, classes); ties count against the classifier, and so do NaNs."""
        own = np.take_along_axis(votes, labels[:, None], 1)
        ranks = (~(votes < own)).sum(1) - 1
        others = np.where(np.isnan(votes), -np.inf, votes)
        np.put_along_axis(others, labels[:, None], -np.inf, 1)
        best = np.where(others.max(1) == -np.inf, (labels + 1) % votes.shape[1], others.argmax(1))  # all NaN: any other
        return Judgement(labels, ranks, np.where(ranks == 0, labels, best), votes.shape[1], crops)

    @staticmethod
    def join(parts: Sequence[Judgement]) -> Judgement:
        """Answers to the parts of a split, as answers to the whole."""
        labels, ranks, guesses = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "ranks", "guesses")
        )
        return Judgement(labels, ranks, guesses, parts[0].num_classes, parts[0].crops)

    @property
    def errors(self) -> Errors:
        """Over all pictures."""
        wrong = [100 * float((self.ranks > place).mean()) for place in (0, 4)]
        return Errors(wrong[0], wrong[1], len(self.ranks), self.crops)

    @property
    def confusion(self) -> Counts:
        """Counts (classes, classes): row the true class, column the guess."""
        table = np.zeros((self.num_classes, self.num_classes), np.int64)
        np.add.at(table, (self.labels, self.guesses), 1)
        return table

    def per_class(self, classes: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Each class's id, name, number of pictures and errors in percent, in the order of `classes` (id, name).

        A class without pictures has errors of None.
        """
        rows = []
        for label, (class_id, name) in enumerate(classes):
            ranks = self.ranks[self.labels == label]
            top1, top5 = (100 * float((ranks > place).mean()) if len(ranks) else None for place in (0, 4))
            row = {"id": class_id, "name": name, "num_images": len(ranks), "top1_error": top1, "top5_error": top5}
            rows.append(row)
        return rows

    def confusions(self, classes: Sequence[tuple[str, str]], most: int = 20) -> list[dict[str, Any]]:
        """The most frequent mistakes: the true class, the guess (as ids), and how many pictures; most first."""
        table = self.confusion
        np.fill_diagonal(table, 0)
        order = np.argsort(-table, axis=None, kind="stable")[:most]
        pairs = [(int(place) // self.num_classes, int(place) % self.num_classes) for place in order]
        return [
            {"true": classes[true][0], "guess": classes[guess][0], "num_images": int(table[true, guess])}
            for true, guess in pairs
            if table[true, guess]
        ]
