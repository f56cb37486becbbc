"""Pictures as points: fc7 of every picture of a set, and the nearest to a given one (the paper's figure 4, right)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from model import preprocess
from model.class_names import class_name
from model.explorer import Array, Explorer
from model.layers import Layer
from model.picture_set import PictureSet, find_any

THUMBNAIL_PX = 128
STRONGEST = 9
BATCH = 32


@dataclass(frozen=True)
class Neighbour:
    """One picture of a gallery and how far it is, in units of the feature space."""

    index: int
    distance: float
    name: str
    label: str


@dataclass(frozen=True)
class Strong:
    """One of the pictures that drive a unit most: which, how far, and where in the unit's map."""

    index: int
    value: float
    row: int
    column: int


class Strongest:
    """For every unit of some layers, the pictures that drive it most; kept while a gallery is built."""

    def __init__(self, layers: Sequence[Layer], k: int = STRONGEST) -> None:
        self.layers = {row.name: row for row in layers}
        self.k = k
        shapes = {row.name: (row.units, k) for row in layers}
        self.values = {name: np.full(shape, -np.inf, np.float32) for name, shape in shapes.items()}
        self.pictures = {name: np.zeros(shape, np.int32) for name, shape in shapes.items()}
        self.places = {name: np.zeros(shape, np.int32) for name, shape in shapes.items()}

    def add(self, first: int, activations: Mapping[str, Array]) -> None:
        """Take a batch, (n, units, height, width) or (n, units) by layer; its pictures count from `first`."""
        for name in self.layers:
            maps = activations[name].reshape(len(activations[name]), self.layers[name].units, -1)
            places = maps.argmax(2).T  # (units, n)
            values = maps.max(2).T
            numbers = np.broadcast_to(np.arange(first, first + len(maps), dtype=np.int32), values.shape)
            together = [
                np.concatenate(pair, 1)
                for pair in (
                    (self.values[name], values),
                    (self.pictures[name], numbers),
                    (self.places[name], places.astype(np.int32)),
                )
            ]
            best = np.argsort(-together[0], axis=1, kind="stable")[:, : self.k]
            self.values[name], self.pictures[name], self.places[name] = (
                np.take_along_axis(array, best, 1) for array in together
            )

    def of(self, layer: str, unit: int) -> tuple[Strong, ...]:
        """The pictures that drive one unit most, strongest first; those that leave a ReLU silent do not count."""
        size = self.layers[layer].size_px
        rows = zip(
            self.values[layer][unit].tolist(),
            self.pictures[layer][unit].tolist(),
            self.places[layer][unit].tolist(),
            strict=True,
        )
        return tuple(
            Strong(picture, value, *divmod(place, size))
            for value, picture, place in rows
            if np.isfinite(value) and value != 0
        )


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
    root: str = ""
    numbers: tuple[int, ...] = ()
    """Each picture's place in the set at `root`, from 0."""
    strongest: Strongest | None = None

    def nearest(self, features: Array, k: int = 6) -> tuple[Neighbour, ...]:
        """The k nearest pictures to `features` (units,), nearest first, by Euclidean distance (section 6.1)."""
        distances = np.linalg.norm(self.features - features, axis=1)
        return tuple(
            Neighbour(int(i), float(distances[i]), self.names[i], self.labels[i])
            for i in np.argsort(distances, kind="stable")[:k]
        )

    def square(self, index: int) -> npt.NDArray[np.uint8]:
        """One picture's 256 x 256 square, read anew from where the gallery was built.

        Raises
        ------
        ValueError
            When it is no longer there, or another one is.
        """
        name, data, _ = next(find_any(self.root).pictures(self.numbers[index]), ("", bytes, 0))
        if name != self.names[index]:
            raise ValueError(f"{self.names[index]} is no longer where it was; build the gallery anew.")
        return preprocess.to_square(preprocess.read_picture(data()))


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
    strongest = Strongest([row for row in explorer.config.layers if row.kind != "softmax"])
    kept: list[tuple[bytes, str, str, int]] = []
    rejected: list[tuple[str, str]] = []
    done = 0
    pictures = _spread(source, total)
    while batch := list(islice(pictures, BATCH)):
        squares = []
        for number, name, data, label in batch:
            try:
                square = preprocess.to_square(preprocess.read_picture(data()))
            except (ValueError, OSError) as reason:
                rejected.append((name, str(reason)))
                continue
            squares.append(square)
            kept.append((_thumbnail(square), name, label, number))
        if squares:
            crops = np.concatenate([preprocess.crop(square, explorer.mean) for square in squares])
            seen = explorer.activations(crops, tuple(strongest.layers))
            features.append(seen["fc7"])
            strongest.add(len(kept) - len(squares), seen)
        done += len(batch)
        progress(done, total)
    if not kept:
        raise ValueError(f"None of the {total} pictures could be read; the first: {rejected[0][1]}")
    thumbnails, names, labels, numbers = zip(*kept, strict=True)
    return Gallery(np.concatenate(features), thumbnails, names, labels, tuple(rejected), str(root), numbers, strongest)


def _spread(source: PictureSet, count: int) -> Iterator[tuple[int, str, Callable[[], bytes], str]]:
    """`count` pictures spread evenly over a set; classes often lie one behind the other."""
    wanted = set(np.linspace(0, source.num_images - 1, count).astype(int).tolist())
    for i, (name, data, label) in enumerate(source.pictures()):
        if i in wanted:
            yield i, name, data, class_name(source.class_ids[label]) if source.class_ids else ""


def _thumbnail(square: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(square).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BILINEAR).save(
        file, "JPEG", quality=85
    )
    return file.getvalue()
