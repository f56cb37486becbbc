"""Download a public picture set and lay it out for training.

    python -m training.fetch imagenette|imagewoof|tiny-imagenet-200|cifar10 [--px full|320] [--out runs/data] [--keep]
    python -m training.run RECIPE --data runs/data/imagenette2 --out runs/NAME

A dropped connection is resumed, also by the same command on another day; what arrives is checked against the checksum
that others published for the same file. ImageNet's pictures are for non-commercial research: not to be given on.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model.download import Checksum, download
from training.unpack import Layout, cifar10, class_folders, tiny_imagenet, unpack

FASTAI = "https://s3.amazonaws.com/fast-ai-imageclas"  # the addresses of github.com/fastai/imagenette


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A picture set as it is published."""

    folder: str
    """What it is unpacked to, below --out."""
    address: str
    checksum: Checksum
    layout: Layout
    num_images: dict[str, int]
    """Of each split."""

    @property
    def file_name(self) -> str:
        return self.folder + (".zip" if self.layout is tiny_imagenet else ".tgz")


IMAGENETTE_COUNTS = {"train": 9469, "val": 3925}
IMAGEWOOF_COUNTS = {"train": 9025, "val": 3929}
ARCHIVES = {
    # SHA-256: tensorflow/datasets, datasets/imagenette/checksums.tsv (1,557,161,267 and 341,663,724 bytes)
    ("imagenette", "full"): Archive(
        folder="imagenette2", address=f"{FASTAI}/imagenette2.tgz", layout=class_folders, num_images=IMAGENETTE_COUNTS,
        checksum=Checksum("sha256", "6cbfac238434d89fe99e651496f0812ebc7a10fa62bd42d6874042bf01de4efd"),
    ),
    ("imagenette", "320"): Archive(
        folder="imagenette2-320", address=f"{FASTAI}/imagenette2-320.tgz", layout=class_folders, num_images=IMAGENETTE_COUNTS,
        checksum=Checksum("sha256", "569b4497c98db6dd29f335d1f109cf315fe127053cedf69010d047f0188e158c"),
    ),
    # MD5: catalyst-team/catalyst, catalyst/contrib/datasets/imagewoof.py; nobody's SHA-256 was found that we trust
    ("imagewoof", "full"): Archive(
        folder="imagewoof2", address=f"{FASTAI}/imagewoof2.tgz", layout=class_folders, num_images=IMAGEWOOF_COUNTS,
        checksum=Checksum("md5", "9aafe18bcdb1632c4249a76c458465ba"),
    ),
    ("imagewoof", "320"): Archive(
        folder="imagewoof2-320", address=f"{FASTAI}/imagewoof2-320.tgz", layout=class_folders, num_images=IMAGEWOOF_COUNTS,
        checksum=Checksum("md5", "0f46d997ec2264e97609196c95897a44"),
    ),
    # MD5: ContinualAI/avalanche, avalanche/benchmarks/datasets/tiny_imagenet/tiny_imagenet.py
    ("tiny-imagenet-200", "full"): Archive(
        folder="tiny-imagenet-200", address="http://cs231n.stanford.edu/tiny-imagenet-200.zip", layout=tiny_imagenet,
        num_images={"train": 100_000, "val": 10_000}, checksum=Checksum("md5", "90528d7ca1a48142e341f4ef8d21d0de"),
    ),
    # SHA-256: tensorflow/datasets, url_checksums/cifar10.txt; its page prints the MD5 c32a1d4ab5d03f1284b67883e8d87530
    ("cifar10", "full"): Archive(
        folder="cifar10", address="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", layout=cifar10,
        num_images={"train": 50_000, "val": 10_000},
        checksum=Checksum("sha256", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    ),
}  # fmt: skip


def fetch(archive: Archive, out: Path, keep: bool = False) -> Path:
    """Download, check and unpack a picture set; returns its folder, at once where it is there already.

    Parameters
    ----------
    out : path
        The set becomes a folder of this one, with `fetched.json` beside its splits.
    keep : bool
        Keep the archive too.

    Raises
    ------
    ValueError
        When it cannot be had; says why, and what to do.
    """
    folder, packed = out / archive.folder, out / archive.file_name
    if (folder / "fetched.json").exists():
        return folder
    if folder.exists():
        raise ValueError(f"{folder} is there, but training.fetch did not make it; move it away, or give another --out.")
    if packed.exists() and archive.checksum.of(packed) != archive.checksum.digest:
        packed.unlink()
    if not packed.exists():
        download(archive.address, packed, archive.checksum, _megabytes(packed.name), _tell)
    about = {
        "address": archive.address,
        "num_bytes": packed.stat().st_size,
        "sha256": Checksum("sha256", "").of(packed),
        "num_images": archive.num_images,
    }
    unpack(packed, folder, archive.layout, archive.num_images, about, _pictures(folder.name))
    if not keep:
        packed.unlink()
    return folder


def find(name: str, px: str = "full") -> Archive:
    """The archive of a set in a size.

    Raises
    ------
    ValueError
        When the set is not published in that size.
    """
    if (name, px) not in ARCHIVES:
        raise ValueError(f"{name} comes in one size only; leave out --px.")
    return ARCHIVES[name, px]


def _megabytes(name: str) -> Callable[[int, int | None], None]:
    start, first, shown = time.monotonic(), 0, 0.0

    def show(done: int, total: int | None) -> None:
        nonlocal start, first, shown
        now = time.monotonic()
        first = first or done
        if now - shown < (0.5 if sys.stderr.isatty() else 30) and done != total:
            return
        shown = now
        mb_per_second = (done - first) / 1e6 / max(now - start, 0.1)
        left = f", {(total - done) / 1e6 / mb_per_second:.0f} s left" if total and mb_per_second else ""
        whole = f" of {total / 1e6:,.1f}" if total else ""
        line = f"{name}: {done / 1e6:,.1f}{whole} MB, {mb_per_second:.1f} MB/s{left}   "
        print(line, end="\n" if done == total else "\r", file=sys.stderr, flush=True)

    return show


def _tell(sentence: str) -> None:
    print(f"\n{sentence}", file=sys.stderr, flush=True)


def _pictures(name: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if done % 1000 == 0 or done == total:
            end = "\n" if done == total else "\r"
            print(f"unpacking {name}: {done:,} of {total:,} pictures", end=end, file=sys.stderr, flush=True)

    return show


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.fetch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted({name for name, _ in ARCHIVES}))
    parser.add_argument(
        "--px", choices=("full", "320"), default="full", help="short side of Imagenette's and Imagewoof's"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/data"), help="where the set's folder is made (runs/data)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the archive")
    parser.add_argument("--address", help="another address of the same file; its checksum is checked all the same")
    args = parser.parse_args(argv)
    try:
        archive = find(args.name, args.px)
        if args.address:
            archive = dataclasses.replace(archive, address=args.address)
        folder = fetch(archive, args.out, args.keep)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from here.", file=sys.stderr)
        return 130
    print(f"{folder} is ready: python -m training.run RECIPE --data {folder} --out runs/NAME")
    return 0


if __name__ == "__main__":
    sys.exit(main())
