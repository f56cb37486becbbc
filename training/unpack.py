"""Archives of pictures into class folders, `train/CLASS/FILE` and `val/CLASS/FILE`, as `training.run --data` reads them.

Nothing is extracted by the name that an archive gives it: a layout recognises pictures, and only what it recognises is
written, under names checked here. Links and devices are refused, as are names that lead out of the folder.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

Member = tuple[str, Callable[[], bytes]]
"""A file's name in the archive and how to read it, before the next one is asked for."""
Picture = tuple[str, str, str, bytes]
"""split, class, file name, encoded picture."""
Layout = Callable[[Iterator[Member]], Iterator[Picture]]

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# The order of the labels, https://www.cs.toronto.edu/~kriz/cifar.html
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10_PX = 32


def unpack(
    archive: Path,
    folder: Path,
    layout: Layout,
    num_images: dict[str, int],
    about: dict[str, Any],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Unpack `archive` to `folder`, which exists only once all its pictures do.

    Parameters
    ----------
    layout : callable
        `class_folders`, `tiny_imagenet` or `cifar10`.
    num_images : dict
        How many pictures each split has to have.
    about : dict
        Written to `folder/fetched.json`.

    Raises
    ------
    ValueError
        When the archive is damaged, unsafe or holds other pictures; nothing is left of them then.
    """
    unfinished = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(unfinished, ignore_errors=True)  # of an interrupted call
    counts: Counter[str] = Counter()
    total = sum(num_images.values())
    try:
        with _members(archive) as members:
            for split, class_id, name, data in layout(members):
                if not all(SAFE.fullmatch(part) for part in (split, class_id, name)):
                    raise ValueError(f"{archive.name} holds a picture {split}/{class_id}/{name}; it is not unpacked.")
                target = unfinished / split / class_id / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                counts[split] += 1
                progress(counts.total(), total)
        if counts != num_images:
            raise ValueError(f"{archive.name} holds {dict(counts)} pictures where {num_images} are published.")
        (unfinished / "fetched.json").write_text(json.dumps(about, indent=1) + "\n")
        unfinished.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, KeyError) as reason:
        raise ValueError(f"{archive.name} is damaged: {reason}. Delete it, and run the same command again.") from reason
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def class_folders(members: Iterator[Member]) -> Iterator[Picture]:
    """Imagenette and Imagewoof: NAME/train/CLASS/FILE.JPEG and NAME/val/CLASS/FILE.JPEG; its tables are left out."""
    for name, read in members:
        match name.split("/"):
            case [_, ("train" | "val") as split, class_id, file] if _is_jpeg(file):
                yield split, class_id, file, read()


def tiny_imagenet(members: Iterator[Member]) -> Iterator[Picture]:
    """Tiny ImageNet: NAME/train/CLASS/images/FILE and NAME/val/images/FILE, whose classes val_annotations.txt names.

    The test pictures are left out: they have no labels.
    """
    files = dict(members)
    listed = next((read for name, read in files.items() if name.endswith("/val/val_annotations.txt")), None)
    if listed is None:
        raise ValueError("The archive has no val/val_annotations.txt, so its validation pictures have no classes.")
    class_of = dict(line.split("\t")[:2] for line in listed().decode().splitlines())
    for name, read in files.items():
        match name.split("/"):
            case [_, "train", class_id, "images", file] if _is_jpeg(file):
                yield "train", class_id, file, read()
            case [_, "val", "images", file] if _is_jpeg(file):
                yield "val", class_of[file], file, read()


def cifar10(members: Iterator[Member]) -> Iterator[Picture]:
    """CIFAR-10's binary version (no pickles): data_batch_1.bin to 5 are `train`, test_batch.bin is `val`, as PNG.

    A record is a label and 32x32 pixels, all red ones first, then green, then blue.
    """
    record_bytes = 1 + 3 * CIFAR10_PX**2
    for name, read in members:
        batch = re.fullmatch(r"[^/]+/(data_batch_[1-5]|test_batch)\.bin", name)
        if not batch:
            continue
        data = np.frombuffer(read(), np.uint8)
        if len(data) % record_bytes or data[::record_bytes].max(initial=0) >= len(CIFAR10_CLASSES):
            raise ValueError(f"{name} is not made of CIFAR-10's records; delete the archive and fetch it again.")
        split = "val" if batch[1] == "test_batch" else "train"
        for i, record in enumerate(data.reshape(-1, record_bytes)):
            pixels = record[1:].reshape(3, CIFAR10_PX, CIFAR10_PX).transpose(1, 2, 0)
            png = io.BytesIO()
            Image.fromarray(np.ascontiguousarray(pixels)).save(png, "PNG")
            yield split, CIFAR10_CLASSES[record[0]], f"{batch[1]}_{i:05d}.png", png.getvalue()


def _is_jpeg(file: str) -> bool:
    return file.endswith(".JPEG") and not file.startswith(".")  # macOS leaves ._FILE beside FILE


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[Member]]:
    """The regular files of a tar or zip archive, while it is open."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            files = [entry for entry in opened.infolist() if not entry.is_dir()]
            yield ((_checked(archive, entry.filename), partial(opened.read, entry)) for entry in files)
    else:
        with tarfile.open(archive) as tar:
            yield ((_checked(archive, entry.name), _reader(archive, tar, entry)) for entry in tar if not entry.isdir())


def _reader(archive: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo) -> Callable[[], bytes]:
    file = tar.extractfile(entry) if entry.isreg() else None
    if file is None:
        raise ValueError(f"{archive.name} holds {entry.name}, which is no regular file; it is not unpacked.")
    return file.read


def _checked(archive: Path, name: str) -> str:
    """A member's name without a leading "./", if it stays below the folder it is unpacked to."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise ValueError(f"{archive.name} holds {name!r}, which leads out of its folder; it is not unpacked.")
    return str(path)
