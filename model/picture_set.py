"""Picture sets on disk, as people have them: an ImageFolder tree, the Hub's Parquet shards, or any folder of pictures."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
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
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"}
NO_CLASS = -1


@dataclass(frozen=True)
class PictureSet:
    """Pictures that are not decoded yet, in a fixed order. Without classes, every label is 0; a picture may have none, -1."""

    num_images: int
    class_ids: tuple[str, ...]
    fingerprint: str
    """Changes when a file of the set does."""
    pictures: Callable[..., Iterator[tuple[str, Callable[[], bytes], int]]]
    """(name, its encoded bytes when called, label) of each; `pictures(start)` leaves the first `start` out."""
    left_out: tuple[str, ...] = ()
    """Files and folders beside the pictures that are not of the set."""
    detail_px: int | None = None
    """Of squares that were prepared: the longest short side that a picture had before; None where that is at least theirs, or not known."""

    def left_to_soften(self, detail_px: int | None) -> int | None:
        """To what these pictures are still to be softened for a network (`preprocess.soften`); None where they need not be."""
        if detail_px is not None and self.detail_px is not None and self.detail_px <= detail_px:
            return None
        return detail_px


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


def find_any(path: str | Path, split: str = "") -> PictureSet:
    """Whatever pictures are at `path`: Parquet, what `training.prepare` wrote, class folders, or just pictures.

    Parameters
    ----------
    split : str, optional
        "train", "val" or "test", where `path` holds several.

    Raises
    ------
    ValueError
        When there are no pictures, or several splits and none is named.
    """
    found = find_splits(path)
    if split and split not in found:
        raise ValueError(f"There is no split {split} at {path}; choose another, or none.")
    if not split and len(found) > 1:
        raise ValueError(f"{path} holds several splits, {', '.join(found)}; choose one with --split.")
    return found[split or next(iter(found))]()


def find_splits(path: str | Path) -> dict[str, Callable[[], PictureSet]]:
    """What `find_any` finds, by the split's name, each opened when called; "" is a set that is not split.

    A split is Parquet of that name, here or in the folder data, as on the Hub; or a folder of that name that holds
    class folders or a prepared split.

    Raises
    ------
    ValueError
        When there is nothing at `path`, or a file that is no Parquet.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise ValueError(f"There is nothing at {path}; give a folder of pictures or a Parquet file.")
    if path.is_file():
        if path.suffix != ".parquet":
            raise ValueError(
                f"{path} is neither a folder nor a Parquet file; give the folder that the pictures are in."
            )
        return {"": partial(_parquet, [path], labelled=False)}
    if (path / "info.json").exists():
        return {"": partial(_prepared, path)}
    for place in (path, path / "data"):
        if shards := sorted(place.glob("*.parquet")):
            return _parquet_splits(shards)
    if split_folders := _split_folders(path):
        return split_folders
    return {"": partial(_class_folders, path, labelled=False)}


def _parquet_splits(shards: list[Path]) -> dict[str, Callable[[], PictureSet]]:
    """Shards by the split that their names begin with; all of them as one set where none does."""
    by_split = {
        split: [shard for shard in shards if shard.stem.split("-")[0] in names] for split, names in SPLIT_NAMES.items()
    }
    found = {split: some for split, some in by_split.items() if some} or {"": shards}
    left_out = tuple(str(shard) for shard in shards if not any(shard in some for some in found.values()))
    return {split: partial(_parquet, some, labelled=False, left_out=left_out) for split, some in found.items()}


def _split_folders(path: Path) -> dict[str, Callable[[], PictureSet]]:
    """Folders with a split's name, unless they hold no folders: then they are classes, such as trains."""
    found: dict[str, Callable[[], PictureSet]] = {}
    known = {name for names in SPLIT_NAMES.values() for name in names}
    beside = sorted(one for one in path.iterdir() if one.name not in known and not one.name.startswith("."))
    for split, names in SPLIT_NAMES.items():
        for folder in (path / name for name in names):
            if (folder / "info.json").exists():
                found[split] = partial(_prepared, folder)
            elif folder.is_dir() and _folders(folder):
                found[split] = partial(_class_folders, folder, labelled=False, beside=beside)
    return found


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


def _parquet(shards: list[Path], labelled: bool = True, left_out: tuple[str, ...] = ()) -> PictureSet:
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
                number = NO_CLASS if label.as_py() is None else label.as_py()
                if not (0 if labelled else NO_CLASS) <= number < len(names):
                    raise ValueError(f"{shards[0].parent} has a picture with label {number}; choose a labelled split.")
                yield name.as_py() or f"{place[0]} row {place[1] + row}", scalar.as_py, number

    class_ids = in_standard_order(names) or tuple(names)
    num_images = sum(file.metadata.num_rows for file in files)
    return PictureSet(num_images, class_ids, fingerprint(shards), pictures, left_out)


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
    return PictureSet(info["num_images"], tuple(info["class_ids"]), stamp, pictures, detail_px=info.get("detail_px"))


def _class_folders(folder: Path, labelled: bool = True, beside: Sequence[Path] = ()) -> PictureSet:
    """A folder's own folders as classes; with none, its pictures as one class without a name.

    Pictures beside class folders have no class; where every picture has to have one, they are left out.
    """
    classes = _folders(folder)
    found = [_files(folder / name, deep=True) for name in classes]
    loose, others = _files(folder, deep=False)
    files = [(path, label) for label, (paths, _) in enumerate(found) for path in paths]
    others = [*beside, *others, *(path for _, more in found for path in more)]
    if not files:
        classes, files = [], [(path, 0) for path in loose]
    elif labelled:
        others += loose
    else:
        files += [(path, NO_CLASS) for path in loose]
    if not files:
        raise ValueError(
            f"{folder} holds no pictures; expected JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF files, or one folder of them a class."
        )

    def pictures(start: int = 0) -> Iterator[tuple[str, Callable[[], bytes], int]]:
        for path, label in files[start:]:
            yield str(path), path.read_bytes, label

    stamp = fingerprint([path for path, _ in files])
    return PictureSet(len(files), tuple(classes), stamp, pictures, tuple(map(str, others)))


def _folders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _files(folder: Path, deep: bool) -> tuple[list[Path], list[Path]]:
    """Pictures by name, folder by folder, and other files but hidden ones; what may not be read is an error, not empty."""
    pictures, others = [], []
    for place, folders, names in os.walk(folder, onerror=_raise):
        here = Path(place)
        for name in names:
            if os.path.splitext(name)[1].lower() in SUFFIXES:
                pictures.append(here / name)
            elif not name.startswith("."):
                others.append(here / name)
        if not deep:
            folders.clear()
    return sorted(pictures), sorted(others)


def _raise(reason: OSError) -> None:
    raise ValueError(f"{reason.filename} cannot be listed ({reason.strerror}); make it readable.")
