"""Picture sets on disk, as people have them: an ImageFolder tree, the Hub's Parquet shards, or any folder of pictures."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISLNK

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from model.class_names import in_standard_order

SPLIT_NAMES = {"train": ("train",), "val": ("val", "validation"), "test": ("test",)}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp"}


@dataclass(frozen=True)
class PictureSet:
    """Pictures that are not decoded yet, in a fixed order. Without classes, every label is 0."""

    num_images: int
    class_ids: tuple[str, ...]
    fingerprint: str
    """Changes when a file of the set does."""
    pictures: Callable[..., Iterator[tuple[str, Callable[[], bytes], int]]]
    """(name, its encoded bytes when called, label) of each; `pictures(start)` leaves the first `start` out."""


def find_split(root: str | Path, split: str) -> PictureSet:
    """Find `split` ("train", "val" or "test") below `root`: Parquet shards or a folder of class folders.

    Raises
    ------
    ValueError
        When there is neither; says what was looked for.
    """
    root = Path(root)
    for name in SPLIT_NAMES[split]:
        for folder in (root, root / "data"):
            if shards := sorted(folder.glob(f"{name}-*.parquet")):
                return _parquet(shards)
        if (root / name).is_dir():
            return _class_folders(root / name)
    names = " or ".join(SPLIT_NAMES[split])
    raise ValueError(
        f"No {split} pictures below {root}: expected {names}-*.parquet or a folder {names} of class folders."
    )


def find_any(path: str | Path) -> PictureSet:
    """Whatever pictures are at `path`: Parquet, a split that `training.prepare` wrote, class folders, or just pictures.

    Raises
    ------
    ValueError
        When there are none.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise ValueError(f"There is nothing at {path}; give a folder of pictures or a Parquet file.")
    if path.is_file():
        if path.suffix != ".parquet":
            raise ValueError(
                f"{path} is neither a folder nor a Parquet file; give the folder that the pictures are in."
            )
        return _parquet([path])
    if (path / "info.json").exists():
        return _prepared(path)
    if shards := sorted(path.glob("*.parquet")):
        return _parquet(shards)
    return _class_folders(path)


def fingerprint(paths: list[Path]) -> str:
    """Changes when one of the files does: its place, size or time."""
    folders = {folder: str(folder.resolve()) for folder in {path.parent for path in paths}}
    stamps = []
    for path in paths:
        place, stat = os.path.join(folders[path.parent], path.name), path.lstat()
        if S_ISLNK(stat.st_mode):
            place, stat = str(path.resolve()), path.stat()
        stamps.append((place, stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]


def _parquet(shards: list[Path]) -> PictureSet:
    try:
        files = [pq.ParquetFile(shard) for shard in shards]
    except (pa.ArrowInvalid, OSError) as reason:
        raise ValueError(f"{shards[0].parent} holds a damaged Parquet file: {str(reason).splitlines()[0]}") from None
    schema = files[0].schema_arrow
    if missing := {"image", "label"} - set(schema.names):
        raise ValueError(f"{shards[0]} has no column {' and '.join(sorted(missing))}; expected the Hub's image layout.")
    if not pa.types.is_struct(schema.field("image").type):
        raise ValueError(f"{shards[0]}: image is no struct of bytes and path; expected the Hub's image layout.")
    info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    names = info.get("info", {}).get("features", {}).get("label", {}).get("names")
    if not names:
        raise ValueError(f"{shards[0]} does not name its classes; write it with the datasets library, which does.")

    def pictures(start: int = 0) -> Iterator[tuple[str, Callable[[], bytes], int]]:
        for place, batch in _batches(shards, files, start):
            paths, data = batch["image"].field("path"), batch["image"].field("bytes")
            for row, (name, scalar, label) in enumerate(zip(paths, data, batch["label"], strict=True)):
                number = label.as_py()
                if number is None or not 0 <= number < len(names):
                    raise ValueError(f"{shards[0].parent} has a picture with label {number}; choose a labelled split.")
                yield name.as_py() or f"{place[0]} row {place[1] + row}", scalar.as_py, number

    class_ids = in_standard_order(names) or tuple(names)
    return PictureSet(sum(file.metadata.num_rows for file in files), class_ids, fingerprint(shards), pictures)


def _batches(
    shards: list[Path], files: list[pq.ParquetFile], start: int
) -> Iterator[tuple[tuple[str, int], pa.RecordBatch]]:
    """Rows of several files from row `start` on, each batch with its file and first row; what is before is not read."""
    for shard, file in zip(shards, files, strict=True):
        first = 0
        for group in range(file.num_row_groups):
            num_rows = file.metadata.row_group(group).num_rows
            if start >= num_rows:
                start, first = start - num_rows, first + num_rows
                continue
            try:
                for batch in file.iter_batches(batch_size=256, row_groups=[group], columns=["image", "label"]):
                    skipped = min(start, len(batch))
                    yield (shard.name, first + skipped), batch.slice(skipped)
                    start, first = start - skipped, first + len(batch)
            except (pa.ArrowException, OSError) as reason:
                raise ValueError(f"{shard} is damaged ({str(reason).splitlines()[0]}); fetch it again.") from None


def _prepared(folder: Path) -> PictureSet:
    """A prepared split: squares as JPEG, or as bytes, which are handed on as BMP. They have no names but their places."""
    try:
        info, labels = json.loads((folder / "info.json").read_text()), np.load(folder / "labels.npy")
        is_jpeg = (folder / "images.jpegs").exists()
        places = np.load(folder / "places.npy") if is_jpeg else None
        squares = (
            np.memmap(folder / "images.jpegs", np.uint8, "r")
            if is_jpeg
            else np.load(folder / "images.npy", mmap_mode="r")
        )
    except (OSError, ValueError) as reason:
        raise ValueError(f"{folder} is not whole ({reason}); copy it again, or prepare the pictures anew.") from None

    def data(row: int) -> bytes:
        if places is not None:
            start, size = places[row]
            return squares[start : start + size].tobytes()
        file = io.BytesIO()
        Image.fromarray(squares[row]).save(file, "BMP")
        return file.getvalue()

    def pictures(start: int = 0) -> Iterator[tuple[str, Callable[[], bytes], int]]:
        for row in range(start, info["num_images"]):
            yield f"{row:08}", partial(data, row), int(labels[row])

    stamp = fingerprint([folder / "info.json", folder / "labels.npy"])
    return PictureSet(info["num_images"], tuple(info["class_ids"]), stamp, pictures)


def _class_folders(folder: Path) -> PictureSet:
    """A folder's own folders as classes; with none, its pictures as one class without a name."""
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    files = [(path, label) for label, name in enumerate(classes) for path in _pictures(folder / name, deep=True)]
    if not files:
        classes, files = [], [(path, 0) for path in _pictures(folder, deep=False)]
    if not files:
        raise ValueError(
            f"{folder} holds no pictures; expected JPEG, PNG, WebP or AVIF files, or one folder of them a class."
        )

    def pictures(start: int = 0) -> Iterator[tuple[str, Callable[[], bytes], int]]:
        for path, label in files[start:]:
            yield str(path), path.read_bytes, label

    return PictureSet(len(files), tuple(classes), fingerprint([path for path, _ in files]), pictures)


def _pictures(folder: Path, deep: bool) -> list[Path]:
    """By name, folder by folder; a folder that may not be read is an error, not an empty one."""
    found = []
    for place, folders, names in os.walk(folder, onerror=_raise):
        here = Path(place)
        found += [here / name for name in names if os.path.splitext(name)[1].lower() in SUFFIXES]
        if not deep:
            folders.clear()
    return sorted(found)


def _raise(reason: OSError) -> None:
    raise ValueError(f"{reason.filename} cannot be listed ({reason.strerror}); make it readable.")
