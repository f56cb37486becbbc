"""Pictures on disk as 256x256 squares, decoded once: decoding costs more than a training step of a small net.

    python -m training.prepare SOURCE DEST [--format u8|jpeg]

SOURCE is a folder with ILSVRC-2012's official tars, an ImageFolder tree, or the Hub's Parquet shards. DEST gets a folder
a split: `images.npy` (196,608 bytes a picture) or `images.jpegs` (quality 95, about a ninth of that), `labels.npy`,
`mean.npy`, `info.json` (class ids and names, mean colour, RGB's covariance, its eigenvalues and eigenvectors) and, where
pictures could not be read, `rejected.csv`. The statistics are of the squares before they are compressed. Stopped or killed
at any moment, the same command goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.class_names import class_name
from model.layers import SQUARE_PX
from model.picture_set import PictureSet, find_split
from model.preprocess import read_picture, to_square
from training.prepared import SQUARE_BYTES, Prepared, is_prepared, open_prepared
from training.tars import find_tars

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Format = Literal["u8", "jpeg"]
JPEG_BYTES = 32_000  # of a square, about
JOURNAL_SECONDS = 10  # of work that a kill can cost
AHEAD = 256  # pictures being decoded
Decoded = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64], bytes] | str


def prepare(root: str | Path, split: str, cache: str | Path) -> Prepared:
    """Open a split that is prepared, or decode it into `cache` unless an earlier call has.

    Pictures that cannot be read are left out and listed with their reason in `rejected.csv`.

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
        When there are no pictures, or the disk is too small for them.
    """
    if is_prepared(Path(root) / split):
        return open_prepared(Path(root) / split)
    source = find_source(root, split)
    done = Path(cache) / f"{split}-{source.fingerprint}"
    write(source, done, split)
    return open_prepared(done)


def find_source(root: str | Path, split: str) -> PictureSet:
    """The official tars, or whatever else `model.picture_set` knows."""
    return find_tars(Path(root), split) or find_split(root, split)


def write(source: PictureSet, done: Path, what: str, kind: Format = "u8") -> None:
    """Prepare a split in the folder `done`; nothing to do where it is there.

    Raises
    ------
    ValueError
        When it cannot be: nothing readable, another source or format than it was begun with, no room.
    """
    done.parent.mkdir(parents=True, exist_ok=True)
    with _alone(done.parent):
        if is_prepared(done):
            return
        if done.exists():
            raise ValueError(f"{done} is there and holds no prepared pictures; give another folder.")
        partial = done.with_name(f"{done.name}.partial")
        writer = _Writer(source, partial, what, kind)
        try:
            writer.run()
        except OSError as reason:
            raise ValueError(
                f"{partial} could not be written ({reason}); make room, then go on with the same command."
            ) from None
        partial.rename(done)
        (done / "journal.npz").unlink()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time prepares into a folder; the lock goes with the process, also when it is killed."""
    if fcntl is None:  # Windows: do not start two
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class _Writer:
    """Decodes a source in order. The journal says how far the files are good; what lies beyond is written again."""

    def __init__(self, source: PictureSet, folder: Path, what: str, kind: Format) -> None:
        self.source, self.folder, self.what, self.kind = source, folder, what, kind
        self.path = folder / ("images.npy" if kind == "u8" else "images.jpegs")
        self.start = self.seen = 0  # pictures of the source, when this process began and now
        self.labels: list[int] = []
        self.sizes: list[int] = []  # bytes of each square in the file
        self.rejected: list[tuple[str, str]] = []
        self.total = np.zeros((SQUARE_PX, SQUARE_PX, 3), np.int64)
        self.second = np.zeros((3, 3))  # sums of products of RGB: whole numbers below 2 ** 53, so exact in any order
        if (folder / "journal.npz").exists():
            self._resume()

    def _resume(self) -> None:
        with np.load(self.folder / "journal.npz") as journal:
            origin = json.loads(str(journal["origin"]))
            if origin != self._origin():
                raise ValueError(
                    f"{self.folder} was begun from other pictures or in the other format; delete it, or give another folder."
                )
            self.start = self.seen = int(journal["seen"])
            self.labels, self.sizes = journal["labels"].tolist(), journal["sizes"].tolist()
            self.rejected = [(name, reason) for name, reason in json.loads(str(journal["rejected"]))]
            self.total, self.second = journal["total"], journal["second"]

    def _origin(self) -> list[str]:
        return [self.source.fingerprint, self.kind]

    def run(self) -> None:
        """Decode what is left, then the statistics."""
        self.folder.mkdir(exist_ok=True)
        self._check_room()
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            header = _header(self.source.num_images) if self.kind == "u8" else b""
            file.write(header)
            file.seek(len(header) + sum(self.sizes))
            self._decode(file)
            self._journal(file)
            file.truncate(
                len(header) + (self.source.num_images * SQUARE_BYTES if self.kind == "u8" else sum(self.sizes))
            )
        if not self.labels:
            shutil.rmtree(self.folder)
            raise ValueError(
                f"None of the {self.source.num_images} {self.what} pictures could be read; the first: {self.rejected[0][1]}"
            )
        self._finish()

    def _check_room(self) -> None:
        left = self.source.num_images - self.seen
        needed_bytes = left * (SQUARE_BYTES if self.kind == "u8" else JPEG_BYTES)
        if (free_bytes := shutil.disk_usage(self.folder).free) < needed_bytes:
            raise ValueError(
                f"Decoding {left:,} {self.what} pictures takes {needed_bytes / 1e9:.1f} GB, {self.folder.parent} has "
                f"{free_bytes / 1e9:.1f} GB free; choose a roomier disk."
            )

    def _decode(self, file: IO[bytes]) -> None:
        begun = written = time.monotonic()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            try:
                for name, label, decoded in self._decoded(pool):
                    self.seen += 1
                    if isinstance(decoded, str):
                        self.rejected.append((name, decoded))
                    else:
                        square, moment, data = decoded
                        file.write(data)
                        self.labels.append(label)
                        self.sizes.append(len(data))
                        self.total += square
                        self.second += moment
                    if time.monotonic() - written > JOURNAL_SECONDS:
                        self._journal(file)
                        written = time.monotonic()
                    if self.seen % 256 == 0 or self.seen == self.source.num_images:
                        self._progress(begun)
            finally:
                pool.shutdown(cancel_futures=True)

    def _decoded(self, pool: ThreadPoolExecutor) -> Iterator[tuple[str, int, Decoded]]:
        waiting: deque[tuple[str, int, Future[Decoded]]] = deque()
        for name, data, label in self.source.pictures(self.seen):
            waiting.append((name, label, pool.submit(_square, data, self.kind)))
            if len(waiting) > AHEAD:
                name, label, future = waiting.popleft()
                yield name, label, future.result()
        for name, label, future in waiting:
            yield name, label, future.result()

    def _journal(self, file: IO[bytes]) -> None:
        """First the pictures, to the disk, then the record that they are there."""
        file.flush()
        os.fsync(file.fileno())
        partial = self.folder / "journal.partial"
        with partial.open("wb") as journal:
            np.savez(
                journal, origin=json.dumps(self._origin()), seen=self.seen, labels=np.asarray(self.labels, np.int64),
                sizes=np.asarray(self.sizes, np.int64), rejected=json.dumps(self.rejected), total=self.total,
                second=self.second,
            )  # fmt: skip
            journal.flush()
            os.fsync(journal.fileno())
        partial.replace(self.folder / "journal.npz")

    def _finish(self) -> None:
        num_images, class_ids = len(self.labels), list(self.source.class_ids)
        mean = self.total / num_images
        colour = mean.mean((0, 1))
        covariance = self.second / (num_images * SQUARE_PX**2) - np.outer(colour, colour)
        eigenvalues, eigenvectors = np.linalg.eigh(covariance)
        np.save(self.folder / "labels.npy", np.asarray(self.labels, np.int64))
        np.save(self.folder / "mean.npy", mean.transpose(2, 0, 1).astype(np.float16))
        if self.kind == "jpeg":
            ends = np.cumsum(self.sizes, dtype=np.int64)
            np.save(self.folder / "places.npy", np.stack([ends - self.sizes, self.sizes], 1))
        if self.rejected:
            print(
                f"{len(self.rejected)} {self.what} pictures left out, see rejected.csv beside the others",
                file=sys.stderr,
            )
            with (self.folder / "rejected.csv").open(
                "w", newline="", encoding="utf-8", errors="backslashreplace"
            ) as file:
                csv.writer(file).writerows([("picture", "reason"), *self.rejected])
        info = {
            "num_images": num_images, "class_ids": class_ids, "class_names": [class_name(class_id) for class_id in class_ids],
            "mean_colour": colour.tolist(), "covariance": covariance.tolist(),
            "eigenvalues": eigenvalues[::-1].tolist(), "eigenvectors": eigenvectors.T[::-1].tolist(),
            "format": self.kind, "num_rejected": len(self.rejected), "source": self.source.fingerprint,
        }  # fmt: skip
        (self.folder / "info.json").write_text(json.dumps(info))

    def _progress(self, begun: float) -> None:
        seconds = time.monotonic() - begun
        a_second = (self.seen - self.start) / max(seconds, 1e-9)
        left_seconds = (self.source.num_images - self.seen) / a_second
        print(
            f"decoding {self.what}: {self.seen:,} of {self.source.num_images:,}, {a_second:.0f} a second, {left_seconds:.0f} s left   ",
            end="\n" if self.seen == self.source.num_images else "\r", file=sys.stderr, flush=True,
        )  # fmt: skip


def _square(data: Callable[[], bytes], kind: Format) -> Decoded:
    """A picture's square, its sum of RGB outer products and what is stored of it; or why it cannot be read."""
    try:
        square = to_square(read_picture(data()))
    except (ValueError, OSError) as reason:
        return str(reason)
    pixels = square.reshape(-1, 3).astype(np.float64)
    if kind == "u8":
        return square, pixels.T @ pixels, square.tobytes()
    file = io.BytesIO()
    Image.fromarray(square).save(file, "JPEG", quality=95)
    return square, pixels.T @ pixels, file.getvalue()


def _header(num_images: int) -> bytes:
    """What a .npy file of that many squares begins with."""
    file = io.BytesIO()
    shape = (num_images, SQUARE_PX, SQUARE_PX, 3)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.prepare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="ILSVRC-2012's tars, an ImageFolder tree or Parquet shards")
    parser.add_argument("dest", type=Path, help="a folder; training.run takes it as --data")
    parser.add_argument("--format", choices=("u8", "jpeg"), default="u8")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for split in ("train", "val"):
            print(prepare_into(args.source, args.dest / split, split, args.format))
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on.")
        return 130
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


def prepare_into(source: Path, done: Path, split: str, kind: Format) -> str:
    """One split, unless it is there; returns what there is then."""
    if not is_prepared(done):
        write(find_source(source, split), done, split, kind)
    info = json.loads((done / "info.json").read_text())
    return (
        f"{done}: {info['num_images']:,} pictures of {len(info['class_ids'])} classes, {info['num_rejected']} left out"
    )


if __name__ == "__main__":
    sys.exit(main())
