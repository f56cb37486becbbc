"""Pictures on disk, an ImageFolder tree or the Hub's Parquet, as 256x256 squares in one uint8 memory map per split.

Decoding costs more than a training step of a small net, so it is done once.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.layers import SQUARE_PX
from model.picture_set import PictureSet, find_split
from model.preprocess import read_picture, to_square


@dataclass(frozen=True)
class Prepared:
    """One split, decoded. `images` uint8 (n, 256, 256, 3), on disk; `labels` int64 (n,)."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    class_ids: tuple[str, ...]
    mean: npt.NDArray[np.float32]
    """(3, 256, 256): this split's mean picture, rounded to 16-bit floats, as it is shipped."""
    covariance: npt.NDArray[np.float64]
    """(3, 3) of RGB over all pixels, in squared grey levels."""

    def head(self, limit: int | None) -> Prepared:
        """`limit` pictures spread evenly over the split (classes may lie one behind the other)."""
        if limit is None or limit >= len(self.labels):
            return self
        if limit < 1:
            raise ValueError(f"--limit is {limit}; give at least 1.")
        kept = np.linspace(0, len(self.labels) - 1, limit).astype(int)
        return Prepared(self.images[kept], self.labels[kept], self.class_ids, self.mean, self.covariance)


def prepare(root: str | Path, split: str, cache: str | Path) -> Prepared:
    """Decode a split into `cache`, or open it when an earlier call has.

    Pictures that cannot be read are left out and listed with their reason in `rejected.csv`.

    Parameters
    ----------
    root : path
        ImageFolder tree or folder of Parquet shards.
    split : str
        "train", "val" or "test".
    cache : path
        Needs 196,608 bytes a picture.

    Raises
    ------
    ValueError
        When there are no pictures, or the disk is too small for them.
    """
    source = find_split(root, split)
    done = Path(cache) / f"{split}-{source.fingerprint}"
    if not done.exists():
        _decode(source, done, split)
    info: dict[str, Any] = json.loads((done / "info.json").read_text())
    return Prepared(
        images=np.load(done / "images.npy", mmap_mode="r")[: info["num_images"]],
        labels=np.load(done / "labels.npy"),
        class_ids=tuple(info["class_ids"]),
        mean=np.load(done / "mean.npy").astype(np.float32),
        covariance=np.asarray(info["covariance"]),
    )


def _decode(source: PictureSet, done: Path, split: str) -> None:
    partial = done.with_name(f"{done.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    needed_bytes = source.num_images * SQUARE_PX**2 * 3
    if (free_bytes := shutil.disk_usage(partial).free) < needed_bytes:
        partial.rmdir()
        raise ValueError(
            f"Decoding {source.num_images:,} {split} pictures takes {needed_bytes / 1e9:.1f} GB, {done.parent} has "
            f"{free_bytes / 1e9:.1f} GB free; give --cache a roomier disk."
        )
    try:
        _write(source, partial, split)
        try:
            partial.rename(done)
        except OSError:
            if not done.exists():
                raise  # else another process was first
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(source: PictureSet, folder: Path, split: str) -> None:
    shape = (source.num_images, SQUARE_PX, SQUARE_PX, 3)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape)
    labels: list[int] = []
    rejected: list[tuple[str, str]] = []
    total, second = np.zeros((SQUARE_PX, SQUARE_PX, 3), np.int64), np.zeros((3, 3))
    start = time.monotonic()
    pictures = source.pictures()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := list(islice(pictures, 256)):
            for (name, _, label), decoded in zip(batch, pool.map(_square, (data for _, data, _ in batch)), strict=True):
                if isinstance(decoded, str):
                    rejected.append((name, decoded))
                    continue
                square, moment = decoded
                images[len(labels)] = square
                labels.append(label)
                total += square
                second += moment
            _progress(f"decoding {split}", len(labels) + len(rejected), source.num_images, start)
    if not labels:
        raise ValueError(f"None of the {source.num_images} {split} pictures could be read; the first: {rejected[0][1]}")
    images.flush()
    mean = total / len(labels)
    colour = mean.mean((0, 1))
    covariance = second / (len(labels) * SQUARE_PX**2) - np.outer(colour, colour)
    np.save(folder / "labels.npy", np.asarray(labels, np.int64))
    np.save(folder / "mean.npy", mean.transpose(2, 0, 1).astype(np.float16))
    info = {"num_images": len(labels), "class_ids": source.class_ids, "covariance": covariance.tolist()}
    (folder / "info.json").write_text(json.dumps(info))
    if rejected:
        print(f"{len(rejected)} {split} pictures left out, see {folder.parent}/{split}-*/rejected.csv", file=sys.stderr)
        with (folder / "rejected.csv").open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            csv.writer(file).writerows([("picture", "reason"), *rejected])


def _square(data: Callable[[], bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]] | str:
    """A picture's square and its sum of RGB outer products (exact in float64), or why it cannot be read."""
    try:
        square = to_square(read_picture(data()))
    except (ValueError, OSError) as reason:
        return str(reason)
    pixels = square.reshape(-1, 3).astype(np.float64)
    return square, pixels.T @ pixels


def _progress(what: str, done: int, total: int, start: float) -> None:
    left_seconds = (time.monotonic() - start) / done * (total - done)
    end = "\n" if done == total else "\r"
    print(f"{what}: {done:,} of {total:,}, {left_seconds:.0f} s left   ", end=end, file=sys.stderr, flush=True)
