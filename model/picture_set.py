"""Picture sets on disk, as people have them: an ImageFolder tree, the Hub's Parquet shards, or any folder of pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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
    """Whatever pictures are at `path`: a Parquet file, a folder of them, class folders, or just pictures.

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
    if shards := sorted(path.glob("*.parquet")):
        return _parquet(shards)
    return _class_folders(path)


def fingerprint(paths: list[Path]) -> str:
    """Changes when one of the files does: its place, size or time."""
    stamps = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
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
        for batch in _batches(files, start):
            paths, data = batch["image"].field("path"), batch["image"].field("bytes")
            for name, scalar, label in zip(paths, data, batch["label"], strict=True):
                number = label.as_py()
                if number is None or not 0 <= number < len(names):
                    raise ValueError(f"{shards[0].parent} has a picture with label {number}; choose a labelled split.")
                yield name.as_py() or "", scalar.as_py, number

    return PictureSet(sum(file.metadata.num_rows for file in files), tuple(names), fingerprint(shards), pictures)


def _batches(files: list[pq.ParquetFile], start: int) -> Iterator[pa.RecordBatch]:
    """Rows of several files from row `start` on; row groups before it are not read."""
    for file in files:
        for group in range(file.num_row_groups):
            num_rows = file.metadata.row_group(group).num_rows
            if start < num_rows:
                for batch in file.iter_batches(batch_size=256, row_groups=[group], columns=["image", "label"]):
                    yield batch.slice(min(start, len(batch)))
                    start -= min(start, len(batch))
            else:
                start -= num_rows


def _class_folders(folder: Path) -> PictureSet:
    """A folder's own folders as classes; with none, its pictures as one class without a name."""
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    files = [(path, label) for label, name in enumerate(classes) for path in _pictures(folder / name, "**/*")]
    if not files:
        classes, files = [], [(path, 0) for path in _pictures(folder, "*")]
    if not files:
        raise ValueError(
            f"{folder} holds no pictures; expected JPEG, PNG, WebP or AVIF files, or one folder of them a class."
        )

    def pictures(start: int = 0) -> Iterator[tuple[str, Callable[[], bytes], int]]:
        for path, label in files[start:]:
            yield str(path), path.read_bytes, label

    return PictureSet(len(files), tuple(classes), fingerprint([path for path, _ in files]), pictures)


def _pictures(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix.lower() in SUFFIXES)
