"""A prepared split: 256x256 squares as one memory map of bytes, or as JPEG, with labels and statistics."""

from __future__ import annotations

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.layers import SQUARE_PX

SQUARE_BYTES = SQUARE_PX * SQUARE_PX * 3
Squares = npt.NDArray[np.uint8]
Rows = slice | npt.NDArray[np.int64]


class Jpegs:
    """Squares that are decoded when they are asked for: `jpegs[rows]` is uint8 (n, 256, 256, 3)."""

    def __init__(self, path: Path, places: npt.NDArray[np.int64]) -> None:
        self.path, self.places = path, places
        """(n, 2): where each begins in the file, and its length in bytes."""

    @cached_property
    def _file(self) -> npt.NDArray[np.uint8]:
        return np.memmap(self.path, np.uint8, "r")

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(os.cpu_count())

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Rows) -> Squares:
        out = np.empty((len(self.places[rows]), SQUARE_PX, SQUARE_PX, 3), np.uint8)

        def decode(square: Squares, place: npt.NDArray[np.int64]) -> None:
            start, size = place
            square[:] = np.asarray(Image.open(io.BytesIO(self._file[start : start + size].tobytes())))

        list(self._pool.map(decode, out, self.places[rows]))
        return out

    def part(self, rows: Rows) -> Jpegs:
        return Jpegs(self.path, self.places[rows])


@dataclass(frozen=True)
class Prepared:
    """One split. `images[rows]` is uint8 (n, 256, 256, 3) for a slice or an array of indices; `labels` int64 (n,)."""

    images: Squares | Jpegs
    labels: npt.NDArray[np.int64]
    class_ids: tuple[str, ...]
    mean: npt.NDArray[np.float32]
    """(3, 256, 256): this split's mean picture, rounded to 16-bit floats, as it is shipped."""
    covariance: npt.NDArray[np.float64]
    """(3, 3) of RGB over all pixels, in squared grey levels."""
    detail_px: int | None = None
    """Longest short side of the pictures before they became squares, if below 256; None also where it is not known."""

    def part(self, rows: Rows) -> Prepared:
        """Some of the pictures, with the statistics of all."""
        images = self.images.part(rows) if isinstance(self.images, Jpegs) else self.images[rows]
        return replace(self, images=images, labels=self.labels[rows])

    def head(self, limit: int | None) -> Prepared:
        """`limit` pictures spread evenly over the split (classes may lie one behind the other)."""
        if limit is None or limit >= len(self.labels):
            return self
        if limit < 1:
            raise ValueError(f"--limit is {limit}; give at least 1.")
        return self.part(np.linspace(0, len(self.labels) - 1, limit).astype(np.int64))


def is_prepared(folder: Path) -> bool:
    """Whether `training.prepare` has finished this folder."""
    return (folder / "info.json").exists()


def open_prepared(folder: Path) -> Prepared:
    """Open what `training.prepare` has written.

    Raises
    ------
    ValueError
        When files of it are missing or cut short, as after a copy that was broken off.
    """
    info: dict[str, Any] = json.loads((folder / "info.json").read_text())
    try:
        return _open(folder, info)
    except (OSError, ValueError) as reason:
        raise ValueError(
            f"{folder} is not whole ({reason}); copy it again, or delete it and prepare the pictures anew."
        ) from None


def _open(folder: Path, info: dict[str, Any]) -> Prepared:
    labels = np.load(folder / "labels.npy")
    if (folder / "images.jpegs").exists():
        places = np.load(folder / "places.npy")
        images: Squares | Jpegs = Jpegs(folder / "images.jpegs", places)
        if (folder / "images.jpegs").stat().st_size < places[-1].sum():
            raise ValueError("images.jpegs is cut short")
    else:
        images = np.load(folder / "images.npy", mmap_mode="r")[: info["num_images"]]
    if not len(images) == len(labels) == info["num_images"]:
        raise ValueError(f"{len(images):,} squares and {len(labels):,} labels, not {info['num_images']:,}")
    return Prepared(
        images=images,
        labels=labels,
        class_ids=tuple(info["class_ids"]),
        mean=np.load(folder / "mean.npy").astype(np.float32),
        covariance=np.asarray(info["covariance"]),
        detail_px=info.get("detail_px"),
    )
