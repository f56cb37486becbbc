"""Pictures on disk as 256x256 squares, decoded once: decoding costs more than a training step of a small net.

    python -m training.prepare SOURCE DEST [--format u8|jpeg]

SOURCE is a folder with ILSVRC-2012's official tars, an ImageFolder tree, or the Hub's Parquet shards. DEST gets a folder
a split: `images.npy` (196,608 bytes a picture) or `images.jpegs` (quality 95, about a ninth of that), `labels.npy`,
`mean.npy`, `info.json` (class ids and names, mean colour, RGB's covariance, its eigenvalues and eigenvectors, the pictures'
longest short side if below 256) and, where pictures could not be read, `rejected.csv`. The statistics are of the squares before they are compressed. Stopped or killed
at any moment, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model.picture_set import PictureSet, find_split, fingerprint
from training.prepared import Prepared, is_prepared, open_prepared
from training.tars import find_tars, tars_of
from training.writer import Format, write


def prepare(root: str | Path, split: str, cache: str | Path) -> Prepared:
    """Open a split that is prepared, or decode it into `cache` unless an earlier call has.

    Pictures that cannot be decoded are left out and listed with their reason in `rejected.csv`.

    Parameters
    ----------
    root : path
        What `python -m training.prepare` wrote, or what it takes.
    split : str
        "train", "val" or "test".
    cache : path
        Needs 196,608 bytes a picture.

    Raises
    ------
    ValueError
        When there are no pictures, they are not prepared to the end, or the disk is too small for them.
    """
    return find(root, split, cache).open()


@dataclass(frozen=True)
class Found:
    """A split that may not be decoded yet."""

    class_ids: list[str]
    """Empty where its pictures lie in no folders of classes."""
    open: Callable[[], Prepared]
    """Decodes it first, where that has not been done."""


def find(root: str | Path, split: str, cache: str | Path) -> Found:
    """A split that `prepare` would open: what is wrong with its classes can be said before hours of decoding."""
    root = Path(root)
    if is_prepared(root / split):
        return _ready(root / split)
    if (root / f"{split}.partial").is_dir():
        raise ValueError(f"{root / split} is not finished; go on with the python -m training.prepare that began it.")
    source = None if tars_of(root, split) else find_split(root, split)
    done = Path(cache) / f"{split}-{source.fingerprint if source else current(root, split)}"
    if is_prepared(done):
        return _ready(done)
    pictures = source or find_source(root, split)

    def decode() -> Prepared:
        write(pictures, done, split, "u8", lambda: current(root, split))
        return open_prepared(done)

    return Found(list(pictures.class_ids), decode)


def _ready(folder: Path) -> Found:
    opened = open_prepared(folder)
    return Found(list(opened.class_ids), lambda: opened)


def find_source(root: Path, split: str) -> PictureSet:
    """The official tars, or whatever else `model.picture_set` knows."""
    return find_tars(root, split) or find_split(root, split)


def current(root: Path, split: str) -> str | None:
    """The fingerprint of what is at `root` now, without reading it; None when there is nothing."""
    try:
        return fingerprint(paths) if (paths := tars_of(root, split)) else find_split(root, split).fingerprint
    except (ValueError, OSError):
        return None


def prepare_into(source: Path, done: Path, split: str, kind: Format) -> str:
    """One split, unless it is there; returns what there is then.

    Raises
    ------
    ValueError
        As `training.writer.write`; also when `done` holds other pictures, or those in the other format.
    """
    if was_there := is_prepared(done):
        stamp = current(source, split)
    else:
        write(find_source(source, split), done, split, kind, lambda: current(source, split))
    info = json.loads((done / "info.json").read_text())
    if info["format"] != kind:
        raise ValueError(f"{done} is in the format {info['format']}; for {kind}, give another folder.")
    if was_there and stamp not in (info["source"], None):  # without a source there is nothing to compare it with
        raise ValueError(
            f"{done} was made from other pictures than {source} has now; give another folder, or delete it."
        )
    num_images, num_classes, num_rejected = info["num_images"], len(info["class_ids"]), info["num_rejected"]
    return f"{done}: {num_images:,} pictures of {num_classes} classes, {num_rejected} left out"


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.prepare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="ILSVRC-2012's tars, an ImageFolder tree or Parquet shards")
    parser.add_argument("dest", type=Path, help="a folder; training.run takes it as --data")
    parser.add_argument("--format", choices=("u8", "jpeg"), default="u8")
    args = parser.parse_args(argv)
    warnings.filterwarnings("ignore", module="PIL")  # of broken EXIF, in pictures that are fine
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for split in ("train", "val"):
            print(prepare_into(args.source, args.dest / split, split, args.format), flush=True)
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on.")
        return 130
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
