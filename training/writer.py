"""Writes a prepared split so that a kill at any moment costs seconds of work and never a picture.

The squares go to the disk first, then a journal that says how far they are good. What lies beyond it is written again.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.class_names import class_name
from model.layers import SQUARE_PX
from model.picture_set import PictureSet
from model.preprocess import read_picture, to_square
from training.lock import alone
from training.prepared import SQUARE_BYTES, is_prepared

Format = Literal["u8", "jpeg"]
JPEG_BYTES = 32_000  # of a square, at most about
JOURNAL_SECONDS = 10  # of work that a kill can cost
AHEAD = 256  # pictures being decoded
Decoded = tuple[npt.NDArray[np.uint8], int, npt.NDArray[np.int64], bytes | None] | str


def write(source: PictureSet, done: Path, what: str, kind: Format, current: Callable[[], str | None]) -> None:
    """Prepare a split in the folder `done`; nothing to do where it is there.

    Parameters
    ----------
    what : str
        The split's name, for sentences.
    current : callable
        The source's fingerprint as it is when called, None when it is gone.

    Raises
    ------
    ValueError
        When it cannot be: nothing readable, a source that is gone or changed, another format than it was begun with, no
        room. What is written stays for the next call.
    """
    partial = done.with_name(f"{done.name}.partial")
    try:
        done.parent.mkdir(parents=True, exist_ok=True)
        with alone(done.with_name(f"{done.name}.lock")):
            if is_prepared(done):  # by the process that had the lock
                return
            if done.exists():
                raise ValueError(f"{done} is there and holds no prepared pictures; give another folder.")
            writer = Writer(source, partial, what, kind)
            if not is_prepared(partial):  # else killed just before the last line
                writer.decode()
                if current() not in (source.fingerprint, None):  # None: gone after the last was read
                    raise ValueError(
                        f"The {what} pictures changed while they were read; delete {partial} and start again."
                    )
                writer.finish()
            (partial / "journal.npz").unlink(missing_ok=True)
            partial.rename(done)
    except OSError as reason:
        raise ValueError(
            f"{partial} could not be written ({reason}); make room or give another disk, then the same command goes on."
        ) from None


class Writer:
    """Decodes a source, in its order, into a folder; goes on where the folder's journal says."""

    def __init__(self, source: PictureSet, folder: Path, what: str, kind: Format) -> None:
        self.source, self.folder, self.what, self.kind = source, folder, what, kind
        self.path = folder / ("images.npy" if kind == "u8" else "images.jpegs")
        self.start = self.seen = 0  # pictures of the source, when this process began and now
        self.labels: list[int] = []
        self.sizes: list[int] = []  # bytes of each square in the file
        self.rejected: list[tuple[str, str]] = []
        self.longest_px = 0  # short side of a picture
        self.total = np.zeros((SQUARE_PX, SQUARE_PX, 3), np.int64)
        self.second = np.zeros((3, 3), np.int64)  # sums of products of RGB
        if is_prepared(folder):
            info = json.loads((folder / "info.json").read_text())
            self._check_origin([info["source"], info["format"]])
        elif (folder / "journal.npz").exists():
            self._resume()

    def _resume(self) -> None:
        with np.load(self.folder / "journal.npz") as journal:
            self._check_origin(json.loads(str(journal["origin"])))
            self.start = self.seen = int(journal["seen"])
            self.labels, self.sizes = journal["labels"].tolist(), journal["sizes"].tolist()
            self.rejected = [(name, reason) for name, reason in json.loads(str(journal["rejected"]))]
            self.total, self.second = journal["total"], journal["second"].astype(np.int64)
            self.longest_px = int(journal.get("longest_px", SQUARE_PX))  # an older program's journal does not say

    def _origin(self) -> list[str]:
        return [self.source.fingerprint, self.kind]

    def _check_origin(self, origin: list[str]) -> None:
        if origin != self._origin():
            raise ValueError(
                f"{self.folder} was begun from other pictures or in the other format; delete it, or give another folder."
            )

    def decode(self) -> None:
        """Decode what is left. A source that can no longer be read stops it; what came before is kept."""
        self.folder.mkdir(exist_ok=True)
        self._check_room()
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            header = _header(self.source.num_images) if self.kind == "u8" else b""
            file.write(header)
            file.seek(len(header) + sum(self.sizes))
            try:
                self._decode(file)
            except ValueError:
                self._journal(file)
                raise
            squares_bytes = self.source.num_images * SQUARE_BYTES if self.kind == "u8" else sum(self.sizes)
            file.truncate(len(header) + squares_bytes)
            self._journal(file)
        if not self.labels:
            shutil.rmtree(self.folder)
            reason = self.rejected[0][1]
            raise ValueError(
                f"None of the {self.source.num_images} {self.what} pictures could be read; the first: {reason}"
            )

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
                    self._add(file, name, label, decoded)
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
            waiting.append((name, label, pool.submit(_square, name, data, self.kind)))
            if len(waiting) > AHEAD:
                name, label, future = waiting.popleft()
                yield name, label, future.result()
        for name, label, future in waiting:
            yield name, label, future.result()

    def _add(self, file: IO[bytes], name: str, label: int, decoded: Decoded) -> None:
        self.seen += 1
        if isinstance(decoded, str):
            self.rejected.append((name, decoded))
            return
        square, side_px, moment, data = decoded
        self.longest_px = max(self.longest_px, side_px)
        self.sizes.append(file.write(square.data if data is None else data))
        self.labels.append(label)
        self.total += square
        self.second += moment

    def _journal(self, file: IO[bytes]) -> None:
        """First the pictures, to the disk, then the record that they are there."""
        file.flush()
        os.fsync(file.fileno())
        origin, rejected = json.dumps(self._origin()), json.dumps(self.rejected)
        labels, sizes = np.asarray(self.labels, np.int64), np.asarray(self.sizes, np.int64)
        with _whole(self.folder / "journal.npz") as journal:
            np.savez(
                journal, origin=origin, seen=self.seen, labels=labels, sizes=sizes, rejected=rejected, total=self.total,
                second=self.second, longest_px=self.longest_px,
            )  # fmt: skip

    def finish(self) -> None:
        """Write what belongs to the squares; info.json last, so that it means all is there."""
        num_images, class_ids = len(self.labels), list(self.source.class_ids)
        mean = self.total / num_images
        colour = mean.mean((0, 1))
        covariance = self.second / (num_images * SQUARE_PX**2) - np.outer(colour, colour)
        eigenvalues, eigenvectors = np.linalg.eigh(covariance)
        arrays: dict[str, npt.NDArray[Any]] = {
            "labels": np.asarray(self.labels, np.int64),
            "mean": mean.transpose(2, 0, 1).astype(np.float16),
        }
        if self.kind == "jpeg":
            ends = np.cumsum(self.sizes, dtype=np.int64)
            arrays["places"] = np.stack([ends - self.sizes, self.sizes], 1)
        for name, array in arrays.items():
            with _whole(self.folder / f"{name}.npy") as file:
                np.save(file, array)
        if self.rejected:
            self._list_rejected()
        info = {
            "num_images": num_images, "class_ids": class_ids, "class_names": [class_name(class_id) for class_id in class_ids],
            "mean_colour": colour.tolist(), "covariance": covariance.tolist(),
            "eigenvalues": eigenvalues[::-1].tolist(), "eigenvectors": eigenvectors.T[::-1].tolist(),
            "detail_px": self.longest_px if self.longest_px < SQUARE_PX else None,
            "format": self.kind, "num_rejected": len(self.rejected), "source": self.source.fingerprint,
        }  # fmt: skip
        with _whole(self.folder / "info.json") as file:
            file.write(json.dumps(info).encode())

    def _list_rejected(self) -> None:
        print(
            f"{len(self.rejected)} {self.what} pictures left out, see rejected.csv beside the others", file=sys.stderr
        )
        table = io.StringIO(newline="")
        csv.writer(table).writerows([("picture", "reason"), *self.rejected])
        with _whole(self.folder / "rejected.csv") as file:
            file.write(table.getvalue().encode(errors="backslashreplace"))

    def _progress(self, begun: float) -> None:
        a_second = (self.seen - self.start) / max(time.monotonic() - begun, 1e-9)
        left_seconds = (self.source.num_images - self.seen) / a_second
        print(
            f"decoding {self.what}: {self.seen:,} of {self.source.num_images:,}, {a_second:.0f} a second, {left_seconds:.0f} s left   ",
            end="\n" if self.seen == self.source.num_images else "\r", file=sys.stderr, flush=True,
        )  # fmt: skip


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that is at `path` whole, and on the disk, or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _square(name: str, data: Callable[[], bytes], kind: Format) -> Decoded:
    """A picture's square, its short side, its sum of RGB outer products and its JPEG, if that is to be stored; or why not.

    A file that cannot be read at all is not rejected: a disk that is gone would empty the whole set.
    """
    try:
        encoded = data()
    except OSError as reason:
        raise ValueError(f"{name} cannot be read ({reason}); bring it back, then the same command goes on.") from None
    try:
        picture = read_picture(encoded)
        square = to_square(picture)
    except (ValueError, OSError) as refused:
        return str(refused)
    pixels = square.reshape(-1, 3).astype(np.float64)
    moment = (pixels.T @ pixels).astype(np.int64)  # of whole numbers below 2 ** 53, so exact
    if kind == "u8":
        return square, min(picture.size), moment, None
    file = io.BytesIO()
    Image.fromarray(square).save(file, "JPEG", quality=95)
    return square, min(picture.size), moment, file.getvalue()


def _header(num_images: int) -> bytes:
    """What a .npy file of that many squares begins with."""
    file = io.BytesIO()
    shape = (num_images, SQUARE_PX, SQUARE_PX, 3)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()
