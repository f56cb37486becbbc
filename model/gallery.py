"""Pictures as points: fc7 of every picture of a set, and the nearest to a given one (the paper's figure 4, right)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from model import preprocess
from model.class_names import class_name
from model.explorer import Array, Explorer
from model.picture_set import PictureSet, find_any

THUMBNAIL_PX = 128
BATCH = 32


@dataclass(frozen=True)
class Neighbour:
    """One picture of a gallery and how far it is, in units of the feature space."""

    index: int
    distance: float
    name: str
    label: str


@dataclass(frozen=True)
class Gallery:
    """The features, thumbnails and names of a picture set, as one network sees them."""

    features: Array
    """(n, units) of fc7."""
    thumbnails: tuple[bytes, ...]
    """A JPEG of 128 x 128 pixels each."""
    names: tuple[str, ...]
    labels: tuple[str, ...]
    """Readable class names; empty where the set has no classes."""
    rejected: tuple[tuple[str, str], ...]
    """(name, reason) of the pictures that could not be read."""

    def nearest(self, features: Array, k: int = 6) -> tuple[Neighbour, ...]:
        """The k nearest pictures to `features` (units,), nearest first, by Euclidean distance (section 6.1)."""
        distances = np.linalg.norm(self.features - features, axis=1)
        return tuple(
            Neighbour(int(i), float(distances[i]), self.names[i], self.labels[i])
            for i in np.argsort(distances, kind="stable")[:k]
        )


def build(
    explorer: Explorer,
    root: str | Path,
    limit: int = 1000,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Gallery:
    """Run every picture of a set through the network, or `limit` of them spread evenly over it.

    Parameters
    ----------
    root : path
        A folder of pictures or of class folders, a Parquet file or a folder of Parquet shards.
    progress : callable
        Told (pictures done, pictures in all) now and then.

    Raises
    ------
    ValueError
        When there are no pictures, or none that can be read.
    """
    source = find_any(root)
    total = min(limit, source.num_images)
    if total < 1:
        raise ValueError("A gallery needs at least one picture; raise the limit.")
    features: list[Array] = []
    kept: list[tuple[bytes, str, str]] = []
    rejected: list[tuple[str, str]] = []
    done = 0
    pictures = _spread(source, total)
    while batch := list(islice(pictures, BATCH)):
        squares = []
        for name, data, label in batch:
            try:
                square = preprocess.to_square(preprocess.read_picture(data()))
            except (ValueError, OSError) as reason:
                rejected.append((name, str(reason)))
                continue
            squares.append(square)
            kept.append((_thumbnail(square), name, label))
        if squares:
            crops = np.concatenate([preprocess.crop(square, explorer.mean) for square in squares])
            features.append(explorer.activations(crops, ("fc7",))["fc7"])
        done += len(batch)
        progress(done, total)
    if not kept:
        raise ValueError(f"None of the {total} pictures could be read; the first: {rejected[0][1]}")
    thumbnails, names, labels = zip(*kept, strict=True)
    return Gallery(np.concatenate(features), thumbnails, names, labels, tuple(rejected))


def _spread(source: PictureSet, count: int) -> Iterator[tuple[str, Callable[[], bytes], str]]:
    """`count` pictures spread evenly over a set; classes often lie one behind the other."""
    wanted = set(np.linspace(0, source.num_images - 1, count).astype(int).tolist())
    for i, (name, data, label) in enumerate(source.pictures()):
        if i in wanted:
            yield name, data, class_name(source.class_ids[label]) if source.class_ids else ""


def _thumbnail(square: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(square).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BILINEAR).save(
        file, "JPEG", quality=85
    )
    return file.getvalue()
