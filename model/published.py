"""AlexNets of the thousand classes that others trained and published, where they are, and where they go here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model.download import Checksum, download

BERKELEY = "http://dl.caffe.berkeleyvision.org"  # the addresses and checksums of BVLC/caffe's models/*/readme.md


@dataclass(frozen=True, kw_only=True)
class Published:
    """One file of weights."""

    address: str
    checksum: Checksum
    num_mb: int

    @property
    def file_name(self) -> str:
        return self.address.rpartition("/")[2]


PUBLISHED = {
    "torchvision": Published(
        address="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        checksum=Checksum("sha256", "7be5be79"),  # in the file's name, as torch.hub checks it
        num_mb=244,
    ),
    "bvlc": Published(
        address=f"{BERKELEY}/bvlc_alexnet.caffemodel",
        checksum=Checksum("sha1", "9116a64c0fbe4459d18f4bb6b56d647b63920377"),
        num_mb=244,
    ),
    "caffenet": Published(
        address=f"{BERKELEY}/bvlc_reference_caffenet.caffemodel",
        checksum=Checksum("sha1", "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46"),
        num_mb=244,
    ),
}


def models_folder() -> Path:
    """Where models go that are no part of this repository: ALEXNET_MODELS, or runs/models beside the program."""
    return Path(os.environ.get("ALEXNET_MODELS") or Path(__file__).parent.parent / "runs" / "models")


def folder_name(name: str) -> str:
    """A name for a model's folder and its address: small letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "model"


def fetch(
    name: str,
    folder: Path,
    address: str = "",
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Path:
    """The published file, in a folder; downloaded unless it is there, and gone on with where it broke off.

    Parameters
    ----------
    name : str
        One of `PUBLISHED`.
    address : str, optional
        A mirror of the same file; its checksum has to be the same.

    Raises
    ------
    ValueError
        When it cannot be had; see `download`.
    """
    wanted = PUBLISHED[name]
    path = folder / wanted.file_name
    if not (path.exists() and wanted.checksum.of(path).startswith(wanted.checksum.digest)):
        download(address or wanted.address, path, wanted.checksum, progress, tell)
    return path
