"""How a network came to be: its first layer and what it made of a few pictures at moments of the training, in history.npz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pictures:
    """What a network said of some validation pictures at each moment. None of their pixels is kept."""

    class_ids: tuple[str, ...]
    """Of all the network's classes."""
    labels: Ints
    """(pictures,), their true classes."""
    rows: Ints
    """(pictures,), their places in the validation split."""
    marks: npt.NDArray[np.uint32]
    """(pictures,), a checksum of each picture's square: whether two histories are of the same pictures."""
    guesses: Ints
    """(moments, pictures, 5), the most probable classes, most first; -1 where it was not asked."""
    probabilities: Array
    """(moments, pictures, 5), theirs."""
    places: Array
    """(moments, pictures, 2), fc7 on one map for all moments, -1..1; not a number where it was not asked."""

    def is_asked(self, moment: int) -> bool:
        """Whether the network was asked about the pictures at a moment."""
        return bool(self.guesses[moment].min() >= 0)

    def at(self, moments: Any) -> Pictures:
        """The same pictures at some of the moments."""
        parts = {name: getattr(self, name)[moments] for name in ("guesses", "probabilities", "places")}
        return Pictures(self.class_ids, self.labels, self.rows, self.marks, **parts)

    def of_same(self, other: Pictures) -> bool:
        """Whether both are of the same pictures and classes."""
        return self.class_ids == other.class_ids and np.array_equal(self.marks, other.marks)


@dataclass(frozen=True, eq=False)
class History:
    """conv1's kernels at some moments, 0 epochs before the training, each moment in 8 bits over its own range."""

    epochs: npt.NDArray[np.float64]
    """(moments,), ascending, but that those of an earlier training come first and count for themselves."""
    codes: npt.NDArray[np.uint8]
    """(moments, kernels, rows, columns, 3): each moment is a picture of Figure 3, all kernels on one range."""
    lows: Array
    """(moments,), the weight that 0 stands for."""
    highs: Array
    """(moments,), the weight that 255 stands for."""
    errors: Array
    """(moments, 2), one-crop validation error in percent, top-1 and top-5; NaN where it was not measured."""
    num_judged: Ints | None = None
    """(moments,), how many validation pictures an error is of; 0 where there is none, or it is not known."""
    num_earlier: int = 0
    """So many moments are of the model that the training started from."""
    from_random: bool = True
    """Whether the first moment is of random numbers."""
    pictures: Pictures | None = None

    def __post_init__(self) -> None:
        moments = len(self.epochs)
        if self.num_judged is None:
            object.__setattr__(self, "num_judged", np.zeros(moments, np.int64))
        lengths = {moments, *(len(getattr(self, name)) for name in ARRAYS)}
        fits = self.codes.ndim == 5 and self.codes.shape[4] == 3 and 0 <= self.num_earlier < max(moments, 1)
        if shown := self.pictures:
            lengths |= {len(part) for part in (shown.guesses, shown.probabilities, shown.places)}
            count = len(shown.labels)
            fits &= shown.guesses.shape[1:] == shown.probabilities.shape[1:] == (count, min(5, len(shown.class_ids)))
            fits &= shown.places.shape[1:] == (count, 2) and bool(shown.guesses.max() < len(shown.class_ids))
        if not moments or len(lengths) > 1 or not fits:
            raise ValueError("This history's parts do not fit together; make it anew with python -m training.history.")

    def kernels(self, moment: int) -> Array:
        """The kernels of a moment, (kernels, 3, rows, columns), to half a 255th of its range."""
        step = (self.highs[moment] - self.lows[moment]) / np.float32(255)
        weights: Array = (self.codes[moment].astype(np.float32) * step + self.lows[moment]).transpose(0, 3, 1, 2)
        return weights

    def write(self, path: str | Path) -> None:
        """Write history.npz."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in (*ARRAYS, "num_earlier", "from_random")}
        if shown := self.pictures:
            kinds = {"probabilities": np.float16, "places": np.float16, "guesses": np.int16}
            for name in PICTURES:
                parts[f"pictures_{name}"] = np.asarray(getattr(shown, name), kinds.get(name))
        np.savez_compressed(path, **parts)


ARRAYS = ("epochs", "codes", "lows", "highs", "errors", "num_judged")
PICTURES = tuple(field.name for field in fields(Pictures))


def read(path: str | Path) -> History:
    """Read history.npz; an older one has kernels and errors only.

    Raises
    ------
    ValueError
        When it is missing or not a history.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no history at {path}.")
    try:
        with np.load(path) as parts:
            more = {name: parts[name].item() for name in ("num_earlier", "from_random") if name in parts}
            return History(**{name: parts[name] for name in ARRAYS if name in parts}, **more, pictures=_pictures(parts))
    except Exception as reason:
        raise ValueError(
            f"{path.name} is no history of this project; make one with python -m training.history."
        ) from reason


def _pictures(parts: Mapping[str, Any]) -> Pictures | None:
    if "pictures_labels" not in parts:
        return None
    found = {name: parts[f"pictures_{name}"] for name in PICTURES}
    for name in ("labels", "rows", "guesses"):
        found[name] = found[name].astype(np.int64)
    for name in ("probabilities", "places"):
        found[name] = found[name].astype(np.float32)
    return Pictures(**{**found, "class_ids": tuple(map(str, found["class_ids"]))})
