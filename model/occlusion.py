"""Which part of a picture a class hangs on: hide one patch after the other, ask again (Zeiler & Fergus 2014, figure 7).

The patch has the training set's mean colour, which is zero to the network. One round gives the map of every class.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.explorer import Explorer
from model.layers import CROP_PX

BATCH = 16  # crops at once; on a CPU more is no faster, and takes a gigabyte (docs/decisions/0011)
GPU_BATCH = 256

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What every class's probability becomes while a patch hides one place."""

    probabilities: Array
    """(places, places, classes): row and column of the patch's place."""
    patch_px: int
    stride_px: int
    crop_px: int = CROP_PX

    @property
    def first_px(self) -> float:
        """The middle of the first place's patch, in crop pixels from the crop's edge; the next is a stride on."""
        return patch_starts(self.patch_px, self.stride_px, self.crop_px)[0] + self.patch_px / 2


def patch_starts(patch_px: int, stride_px: int, crop_px: int = CROP_PX) -> list[int]:
    """First rows (and columns) of the patches: as many as fit the crop, what is left over shared by both edges.

    Raises
    ------
    ValueError
        When the patch does not fit the crop, or does not move.
    """
    if not (1 <= patch_px <= crop_px and stride_px >= 1):
        raise ValueError(f"A patch has 1 to {crop_px} pixels and moves by 1 or more; not {patch_px} by {stride_px}.")
    room = crop_px - patch_px
    return list(range(room % stride_px // 2, room + 1, stride_px))


def occlude(
    explorer: Explorer,
    crop: Array,
    gains: Mapping[str, npt.ArrayLike] | None = None,
    patch_px: int = 32,
    stride_px: int = 16,
    go_on: Callable[[int, int], bool] = lambda done, places: True,
    turn: contextlib.AbstractContextManager[object] | None = None,
) -> Occlusion | None:
    """Slide a patch over a crop.

    Parameters
    ----------
    crop : float32 ndarray of shape (3, 224, 224)
        What the network saw: `Activations.crop`.
    gains : mapping, optional
        As for `Explorer.run`.
    patch_px, stride_px : int
        Side of the patch, and how far it moves.
    go_on : callable
        Told after every batch how many places of how many are done; False ends it.
    turn : context manager, optional
        Entered for each batch alone: a semaphore, so that others get their turn.

    Returns
    -------
    Occlusion, or None when `go_on` ended it.

    Raises
    ------
    ValueError
        When the patch does not fit, or a gain is wrong.
    """
    starts = patch_starts(patch_px, stride_px, explorer.config.crop_px)
    places = [(row, column) for row in starts for column in starts]
    found: list[Array] = []
    at_once = GPU_BATCH if explorer.device.startswith("CUDA") else BATCH
    for first in range(0, len(places), at_once):
        batch = places[first : first + at_once]
        hidden = _hidden(crop, batch, patch_px)
        with turn or contextlib.nullcontext():
            found.append(explorer.probabilities(hidden, gains))
        if not go_on(first + len(batch), len(places)):
            return None
    probabilities = np.concatenate(found).reshape(len(starts), len(starts), -1)
    probabilities.flags.writeable = False
    return Occlusion(probabilities, patch_px, stride_px, explorer.config.crop_px)


def _hidden(crop: Array, places: list[tuple[int, int]], patch_px: int) -> Array:
    """The crop once for each place, (places, 3, 224, 224), with its patch."""
    hidden = np.repeat(crop[None], len(places), 0)
    for one, (row, column) in zip(hidden, places, strict=True):
        one[:, row : row + patch_px, column : column + patch_px] = 0
    return hidden
