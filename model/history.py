"""How the first layer came to be: its kernels at moments of the training, in history.npz beside the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class History:
    """conv1's kernels at some epochs, 0 before the training, each moment in 8 bits over its own range."""

    epochs: npt.NDArray[np.int64]
    """(moments,), ascending."""
    codes: npt.NDArray[np.uint8]
    """(moments, kernels, rows, columns, 3): each moment is a picture of Figure 3, all kernels on one range."""
    lows: Array
    """(moments,), the weight that 0 stands for."""
    highs: Array
    """(moments,), the weight that 255 stands for."""
    errors: Array
    """(moments, 2), one-crop validation error in percent, top-1 and top-5; NaN where it was not measured."""

    def __post_init__(self) -> None:
        moments = len(self.epochs)
        shapes = (self.codes.shape[:1], self.lows.shape, self.highs.shape, self.errors.shape[:1])
        if not moments or self.codes.ndim != 5 or self.codes.shape[4] != 3 or set(shapes) != {(moments,)}:
            raise ValueError("This history's parts do not fit together; make it anew with python -m training.history.")

    def kernels(self, moment: int) -> Array:
        """The kernels of a moment, (kernels, 3, rows, columns), to half a 255th of its range."""
        step = (self.highs[moment] - self.lows[moment]) / np.float32(255)
        weights: Array = (self.codes[moment].astype(np.float32) * step + self.lows[moment]).transpose(0, 3, 1, 2)
        return weights

    def write(self, path: str | Path) -> None:
        """Write history.npz."""
        np.savez_compressed(
            path, epochs=self.epochs, codes=self.codes, lows=self.lows, highs=self.highs, errors=self.errors
        )


def read(path: str | Path) -> History:
    """Read history.npz.

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
            return History(**{name: parts[name] for name in ("epochs", "codes", "lows", "highs", "errors")})
    except Exception as reason:
        raise ValueError(
            f"{path.name} is no history of this project; make one with python -m training.history."
        ) from reason
