"""For every unit of a network, the pictures of a set that drive it most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.layers import Layer

STRONGEST = 9
STRONGEST_NPZ = "strongest.npz"
KINDS = ("values", "pictures", "places")
Array = npt.NDArray[np.float32]


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
            self._take(name, values, numbers, places.astype(np.int32))

    def merge(self, first: int, other: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take the `arrays` of another's pictures, which come after those here; they count from `first`."""
        for name in self.layers:
            self._take(name, *(other[f"{kind} {name}"] + (first if kind == "pictures" else 0) for kind in KINDS))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays for a file."""
        kept: dict[str, dict[str, npt.NDArray[Any]]]
        kept = {"values": self.values, "pictures": self.pictures, "places": self.places}
        return {f"{kind} {name}": kept[kind][name] for kind in KINDS for name in self.layers}

    @staticmethod
    def of_arrays(layers: Sequence[Layer], arrays: Mapping[str, npt.NDArray[Any]]) -> Strongest:
        """From `arrays`."""
        read = Strongest(layers)
        for kind in KINDS:
            for name in read.layers:
                getattr(read, kind)[name] = arrays[f"{kind} {name}"]
        return read

    def _take(self, name: str, *more: npt.NDArray[Any]) -> None:
        """Values, pictures and places, (units, n) each; among equals the first come stays."""
        kept: tuple[dict[str, npt.NDArray[Any]], ...] = (self.values, self.pictures, self.places)
        together = [np.concatenate((one[name], other), 1) for one, other in zip(kept, more, strict=True)]
        best = np.argsort(-together[0], axis=1, kind="stable")[:, : self.k]
        for one, array in zip(kept, together, strict=True):
            one[name] = np.take_along_axis(array, best, 1)

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
