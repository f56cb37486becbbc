"""A gallery on disk: features, codes, map positions, names and thumbnails of a picture set, as one network sees it.

A folder that `model.gallery.build` wrote, or the one file that comes with a model (`model.gallery.compact`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from model import onnx_file, preprocess
from model.class_names import class_name
from model.gallery.codes import Encoder
from model.gallery.search import FlatIndex
from model.gallery.strongest import STRONGEST, STRONGEST_NPZ, Strong, Strongest
from model.layers import SQUARE_PX
from model.picture_set import find_any

VERSION = 1
ABOUT = "gallery.json"
PICTURES = "pictures.parquet"
ROWS_A_GROUP = 256
PIXELS_PX = 32
Floats = npt.NDArray[Any]


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pixels(square: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A (256, 256, 3) square at 32 x 32, every pixel the mean of 64; flat, (3072,)."""
    block = SQUARE_PX // PIXELS_PX
    columns = square.reshape(PIXELS_PX, block, -1).sum(1, dtype=np.uint16)  # rows first: they lie one behind the other
    sums = columns.reshape(PIXELS_PX, PIXELS_PX, block, 3).sum(2)
    small: npt.NDArray[np.uint8] = np.round(sums / block**2).astype(np.uint8).ravel()
    return small


class Thumbnails:
    """WebP files by row, from a Parquet file's column; only a few row groups are in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        file = pq.ParquetFile(path)
        ends = np.cumsum([file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)])
        self._starts = np.concatenate([[0], ends]).astype(int)
        column = file.schema_arrow.names.index("thumbnail")
        groups = (file.metadata.row_group(i).column(column).statistics for i in range(file.num_row_groups))
        self.count = int(ends[-1]) - sum(group.null_count for group in groups)
        """How many there are; not every row has one."""
        self._group = lru_cache(maxsize=64)(self._read)

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """(n,), whether there is one; read only where some are missing."""
        if self.count == self._starts[-1]:
            return np.ones(self.count, np.bool_)
        found: npt.NDArray[np.bool_] = (
            pq.read_table(self._path, columns=["thumbnail"])["thumbnail"].is_valid().to_numpy()
        )
        return found

    def _read(self, group: int) -> list[bytes | None]:
        file = pq.ParquetFile(self._path)  # one a call: threads share these thumbnails
        column: list[bytes | None] = file.read_row_group(group, columns=["thumbnail"])["thumbnail"].to_pylist()
        return column

    def __getitem__(self, row: int) -> bytes | None:
        group = int(np.searchsorted(self._starts, row, "right")) - 1
        return self._group(group)[row - int(self._starts[group])]


@dataclass(frozen=True, eq=False, kw_only=True)
class Gallery:
    """A picture set as one network sees it; row i of everything is the same picture."""

    path: Path
    about: Mapping[str, Any]
    """How it came to be: model, model_hash, source, layers, rejected, map."""
    class_ids: tuple[str, ...]
    """What `labels` count; empty where the set has no classes."""
    classes: tuple[str, ...]
    """Readable names of the network's classes, which `predictions` count."""
    names: tuple[str, ...]
    labels: npt.NDArray[np.int16]
    """(n,); -1 where the set has no classes."""
    predictions: npt.NDArray[np.int16]
    confidences: npt.NDArray[np.float32]
    """(n,), probability of the prediction."""
    numbers: npt.NDArray[np.int64]
    """(n,), place in the source."""
    features: Mapping[str, Floats]
    """(n, units) by layer: float16; "pixels" is uint8."""
    flat: Mapping[str, FlatIndex] = field(default_factory=dict)
    """Indices of those features that are in memory; they hold them."""
    peaks: Mapping[str, Floats] = field(default_factory=dict)
    """(n, units) by convolution, float16: the strongest value of every unit."""
    encoders: Mapping[str, Encoder]
    codes: Mapping[str, npt.NDArray[np.uint8]]
    maps: Mapping[str, npt.NDArray[np.float32]]
    strongest: Strongest | None = None
    """Of every layer; in the one file that comes with a model of those that are not among its features, or of none."""
    thumbnails: Thumbnails | None = None

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        return tuple(class_name(one) for one in self.class_ids)

    @property
    def rejected(self) -> tuple[tuple[str, str], ...]:
        """(name, reason) of the pictures that could not be read."""
        return tuple((name, reason) for name, reason in self.about["rejected"])

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of files beside the pictures that are not of the set, of very many the first."""
        return tuple(self.about.get("left_out", ()))

    def has_thumbnail(self, row: int) -> bool:
        """Whether there is one."""
        return self.thumbnails is not None and bool(self.thumbnails.present[row])

    def thumbnail(self, row: int) -> bytes | None:
        """A WebP of 128 pixels, or None where there is none."""
        return self.thumbnails[row] if self.thumbnails is not None else None

    def square(self, row: int) -> npt.NDArray[np.uint8]:
        """One picture's 256 x 256 square, as the network saw it, read anew from where the gallery was built.

        Raises
        ------
        ValueError
            When it is no longer there, or another one is.
        """
        gone = f"{self.names[row]} is no longer where it was; build the gallery anew."
        if not self.about["source"]:
            raise ValueError(f"{self.names[row]} did not come with this gallery; build one from the pictures.")
        found = find_any(self.about["source"], self.about.get("split", ""))
        name, data, _ = next(found.pictures(int(self.numbers[row])), ("", bytes, 0))
        if relative(name, self.about["source"]) != self.names[row]:
            raise ValueError(gone)
        return preprocess.to_square(preprocess.read_picture(data()), found.left_to_soften(self.about.get("detail_px")))

    def top_rows(self, layer: str, unit: int, k: int) -> list[int]:
        """The pictures that drive a unit of a feature layer most, strongest first; those at zero do not count."""
        if self.strongest is not None and k <= self.strongest.k and layer in self.strongest.layers:
            return [one.index for one in self.strongest.of(layer, unit)[:k]]
        return list(self._top_rows(layer, unit)[:k]) if k <= STRONGEST else _ranked(self.features[layer][:, unit], k)

    def strongest_of(self, layer: str, unit: int) -> tuple[Strong, ...] | None:
        """The same with their values, and where in the unit's map; None of a layer that the gallery does not keep."""
        if self.strongest is not None and layer in self.strongest.layers:
            return self.strongest.of(layer, unit)
        if layer not in self.features or layer == "pixels":
            return None
        values = self.features[layer][:, unit]
        return tuple(Strong(row, float(values[row]), 0, 0) for row in self.top_rows(layer, unit, STRONGEST))

    @cached_property
    def _top_rows(self) -> Callable[[str, int], tuple[int, ...]]:
        """The strongest of a unit, kept: its column lies all over the memory."""
        return cache(lambda layer, unit: tuple(_ranked(self.features[layer][:, unit], STRONGEST)))

    @staticmethod
    def open(path: str | Path, model: str | Path, thumbnails: str | Path | None = None) -> Gallery:
        """Open a gallery for a model.

        Parameters
        ----------
        path : path
            A folder, or the one file that comes with a model.
        model : path
            The model's ONNX file.
        thumbnails : path, optional
            A Parquet file that `python -m model.gallery pictures` wrote, taken when it is there and was written for this file.

        Raises
        ------
        ValueError
            When it was built with another model, is half-built, damaged or of another version: a sentence.
        """
        path = Path(path)
        if path.is_dir() and not (path / ABOUT).exists():
            raise ValueError(f"{path} is no finished gallery; run the command that builds it once more, it goes on.")
        try:
            opened = _open_folder(path, Path(model)) if path.is_dir() else _open_file(path, Path(model), thumbnails)
        except (OSError, KeyError, json.JSONDecodeError, BadZipFile) as reason:
            raise ValueError(f"{path} is damaged ({reason}); build it anew.") from None
        return opened


def _ranked(values: npt.NDArray[Any], k: int) -> list[int]:
    """Places of the k largest, largest first, equals by place; those at zero do not count."""
    values = np.asarray(values, np.float32)
    if k < len(values):
        least = np.partition(values, len(values) - k)[len(values) - k]  # the kth largest
        rows = np.flatnonzero((values >= least) & (values > 0))
    else:
        rows = np.flatnonzero(values > 0)
    return [int(row) for row in rows[np.argsort(-values[rows], kind="stable")][:k]]


def thumbnails_path(gallery: Path, folder: Path) -> Path:
    """Where, in a folder of galleries, the thumbnails of one that came with a model are kept."""
    return folder / f"{gallery.resolve().parent.name}-pictures.parquet"


def relative(name: str, source: str | Path) -> str:
    """A picture's name without the folder that holds them all."""
    place = str(Path(source).expanduser())
    return name.removeprefix(place).lstrip("/\\") if name.startswith(place) else name


def check(about: Mapping[str, Any], path: Path, model: Path) -> None:
    """Refuse a gallery of another version or model."""
    if about.get("version") != VERSION:
        raise ValueError(f"{path} was built by another version of this program; build it anew.")
    if about["model_hash"] != file_hash(model):
        raise ValueError(
            f"{path} was built with another model ({about['model']}), so its distances mean nothing here; "
            f"build it anew with {model.parent.name}, or choose that model."
        )


def _open_folder(path: Path, model: Path) -> Gallery:
    about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
    check(about, path, model)
    table = pq.read_table(path / PICTURES, columns=["name", "label", "prediction", "confidence", "number"])
    info, _ = onnx_file.read(model)

    def arrays(prefix: str, names: list[str]) -> dict[str, Any]:
        found = {name: np.load(path / f"{prefix}{name}.npy", mmap_mode="r") for name in names}
        if any(len(array) != len(table) for array in found.values()):
            raise ValueError(f"{path} is damaged (its files disagree on how many pictures there are); build it anew.")
        return found

    with np.load(path / STRONGEST_NPZ) as kept:
        strongest = Strongest.of_arrays([row for row in info.config.layers if row.kind != "softmax"], kept)
    features = arrays("", [*about["layers"], "pixels"])
    return Gallery(
        path=path,
        about=about,
        classes=tuple(name for _, name in info.classes),
        features=MappingProxyType(features),
        peaks=arrays("peaks_", about["peaks"]),
        encoders={name: Encoder.load(path / f"encoder_{name}.npz") for name in features},
        codes={name: np.asarray(codes) for name, codes in arrays("codes_", list(features)).items()},
        maps={name: np.asarray(places) for name, places in arrays("map_", about["maps"]).items()},
        strongest=strongest,
        thumbnails=Thumbnails(path / PICTURES),
        **columns(table, about),
    )


def columns(table: Any, about: Mapping[str, Any]) -> dict[str, Any]:
    """What a table of pictures says of each."""
    return {
        "class_ids": tuple(about["class_ids"]),
        "names": tuple(table["name"].to_pylist()),
        "labels": table["label"].to_numpy(),
        "predictions": table["prediction"].to_numpy(),
        "confidences": table["confidence"].to_numpy(),
        "numbers": table["number"].to_numpy(),
    }


def _open_file(path: Path, model: Path, thumbnails: str | Path | None) -> Gallery:
    from model.gallery.compact import read  # it needs this file's Gallery

    return read(path, model, Path(thumbnails) if thumbnails and Path(thumbnails).exists() else None)
