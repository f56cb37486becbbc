"""Training pictures a second and core from a prepared set, against torchvision's ImageFolder and transforms."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import skimage.data
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

import training.recipe
from benchmarks.figure import Figure, compare, speed_up
from training.augment import Augment
from training.data import Feed
from training.prepare import prepare_into
from training.prepared import open_prepared
from training.step import keep_freed_memory

BATCH, ROUNDS, NUM_IMAGES = 64, 5, 256
SIZE = (500, 375)  # pixels of a typical picture of ImageNet
GOAL = 10.0


def measure() -> list[Figure]:
    """Batches ready to learn from, one thread each."""
    return [loader("u8", GOAL)]


def loader(kind: Literal["u8", "jpeg"], goal: float) -> Figure:
    """Ours from squares kept as `kind`, and theirs from JPEG files, on one thread."""
    keep_freed_memory()
    with one_core(), tempfile.TemporaryDirectory() as folder:
        source, prepared = Path(folder) / "source", Path(folder) / "prepared"
        write_jpegs(source)
        prepare_into(source, prepared, "train", kind)
        times = compare(ours(prepared), theirs(source / "train"), ROUNDS)
    rates = " and ".join(f"{1e3 * BATCH / time:.0f}" for time in times)
    what = (
        f"torchvision's ImageFolder, v2 transforms (random resized crop, mirror, normalise) and DataLoader over ours, "
        f"{BATCH} pictures from {kind} (crop, mirror, colour noise, mean); {rates} pictures a second on one core; "
        f"{SIZE[0]} x {SIZE[1]} JPEGs"
    )
    return speed_up(f"loader_{kind}", times, ROUNDS, what, goal)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, with all its threads, on one core."""
    if not hasattr(os, "sched_setaffinity"):
        raise ValueError("This system cannot keep a process on one core; measure on Linux.")
    cores, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {min(cores)})
    torch.set_num_threads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(threads)


def write_jpegs(root: Path) -> None:
    """An ImageFolder of scikit-image's photographs, as large as ImageNet's, each a little different."""
    photographs = [
        Image.fromarray(photograph()) for photograph in (skimage.data.chelsea, skimage.data.coffee, skimage.data.rocket)
    ]
    for i in range(NUM_IMAGES):
        folder = root / "train" / f"n{i % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        picture = photographs[i % len(photographs)].resize(SIZE, box=(i % 7, i % 11, 400, 300))
        picture.save(folder / f"{i}.jpg", quality=90)


def ours(folder: Path) -> Callable[[], object]:
    """One batch of training crops from a prepared set."""
    pictures, chance = open_prepared(folder), np.random.default_rng(0)
    feed = Feed(pictures, torch.device("cpu"))
    augment = Augment.of(training.recipe.load("paper_2012"), pictures, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)

    def batch() -> torch.Tensor:
        chosen = np.sort(chance.choice(len(pictures.labels), BATCH, replace=False))
        squares, _ = next(feed.batches([chosen]))
        return augment(squares, augment.draw(BATCH, generator))

    return batch


def theirs(folder: Path) -> Callable[[], object]:
    """One batch of torchvision's reference transforms."""
    transforms = v2.Compose(
        [
            v2.RandomResizedCrop(224),
            v2.RandomHorizontalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    batches: Iterator[Any] = itertools.chain.from_iterable(
        itertools.repeat(DataLoader(ImageFolder(folder, transforms), BATCH, shuffle=True, drop_last=True))
    )
    return lambda: next(batches)
