"""ILSVRC-2012 as it is handed out: a tar of a tar a class, a tar of validation pictures, and the devkit's answers."""

from __future__ import annotations

import io
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from scipy.io.matlab import MatReadError, loadmat

from model.picture_set import PictureSet, fingerprint

TRAIN, VAL, DEVKIT = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"
ANSWERS, SYNSETS = "data/ILSVRC2012_validation_ground_truth.txt", "data/meta.mat"  # in the devkit
FILES = {"train": (TRAIN,), "val": (VAL, DEVKIT)}
Entry = tuple[str, int, int, int]
"""Name, first byte in the outer tar, length, label."""


def tars_of(root: Path, split: str) -> list[Path]:
    """The official files that "train" or "val" is in, the pictures first; none where they are not."""
    paths = [root / name for name in FILES.get(split, ())]
    return paths if paths and paths[0].is_file() else []


def find_tars(root: Path, split: str) -> PictureSet | None:
    """The official tars of "train" or "val" in `root`; None where they are not.

    Raises
    ------
    ValueError
        When a tar is damaged, or the validation tar is there without the devkit.
    """
    if not (paths := tars_of(root, split)):
        return None
    path = paths[0]
    try:
        class_ids, entries = _train(path) if split == "train" else _val(path, root / DEVKIT)
    except (tarfile.TarError, EOFError, LookupError, OSError, zlib.error) as reason:
        raise ValueError(
            f"{path} or its devkit is damaged ({reason}); check it against the published MD5 sum."
        ) from None

    def pictures(start: int = 0) -> Iterator[tuple[str, Callable[[], bytes], int]]:
        for name, first, size, label in entries[start:]:
            yield name, partial(_read, path, first, size), label

    return PictureSet(len(entries), class_ids, fingerprint(paths), pictures)


def _read(path: Path, first: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(size)


def _train(path: Path) -> tuple[tuple[str, ...], list[Entry]]:
    """Pictures in the order of their classes' ids, whatever the order of the tars inside."""
    with tarfile.open(path, "r:") as outer:
        classes = sorted(
            ((Path(member.name).stem, member) for member in outer if member.isfile()), key=lambda pair: pair[0]
        )
        entries = []
        for label, (_, member) in enumerate(classes):
            inner = outer.extractfile(member)
            assert inner
            _progress(path, label + 1, len(classes))
            with tarfile.open(fileobj=inner, mode="r:") as pictures:
                for picture in sorted(pictures.getmembers(), key=lambda picture: picture.name):
                    entries.append((picture.name, member.offset_data + picture.offset_data, picture.size, label))
    return tuple(class_id for class_id, _ in classes), entries


def _val(path: Path, devkit: Path) -> tuple[tuple[str, ...], list[Entry]]:
    """Validation pictures by name; the devkit says which class each is of."""
    if not devkit.is_file():
        raise ValueError(f"{path} says nothing of classes; put {DEVKIT} beside it.")
    with tarfile.open(devkit, "r:gz") as files:
        contents = {name: _content(files, name) for name in (ANSWERS, SYNSETS)}
    try:
        synsets = loadmat(io.BytesIO(contents[SYNSETS]), squeeze_me=True)["synsets"]
        ids = {int(number): str(wnid) for number, wnid in zip(synsets["ILSVRC2012_ID"], synsets["WNID"], strict=True)}
        wnids = [ids[int(line)] for line in contents[ANSWERS].split()]
    except (MatReadError, ValueError, LookupError) as reason:
        raise tarfile.ReadError(f"in {devkit.name}: {reason}") from None
    class_ids = sorted({wnid for number, wnid in ids.items() if number <= 1000})  # above are families of classes
    labels = {wnid: label for label, wnid in enumerate(class_ids)}
    with tarfile.open(path, "r:") as tar:
        members = sorted((member for member in tar if member.isfile()), key=lambda member: member.name)
        if len(members) != len(wnids):
            raise ValueError(
                f"{path} holds {len(members):,} pictures, {devkit.name} answers for {len(wnids):,}; they do not belong together."
            )
        entries = [
            (member.name, member.offset_data, member.size, labels[wnid])
            for member, wnid in zip(members, wnids, strict=True)
        ]
    return tuple(class_ids), entries


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    """A file by the end of its path: the devkit has a folder of its own name around it."""
    found = next((member for member in tar if member.name.endswith(name)), None)
    file = tar.extractfile(found) if found else None
    if file is None:
        raise KeyError(f"no {name}")
    return file.read()


def _progress(path: Path, done: int, total: int) -> None:
    """The list of a million pictures takes minutes."""
    end = "\n" if done == total else "\r"
    print(f"listing {path.name}: {done:,} of {total:,} classes   ", end=end, file=sys.stderr, flush=True)
