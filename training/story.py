"""The story of training: at some moments of a run, conv1's kernels and what the net makes of a few validation pictures.

A run writes kernels/conv1_EPOCH.npy and pictures/EPOCH.npz; `training.history` packs them for the explorer.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from model import preprocess
from model.alexnet import AlexNet
from training import checkpoint, towers
from training.prepared import Prepared

NUM_MOMENTS = 20  # at least so many in a run, and one after every epoch
NUM_PICTURES = 40
Array = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def chosen(labels: Ints, num_classes: int, count: int = NUM_PICTURES) -> Ints:
    """Rows of about `count` pictures, evenly over the classes and over each class's pictures, class by class."""
    classes = np.unique(np.linspace(0, num_classes - 1, min(count, num_classes)).round().astype(int))
    rows = []
    for number in classes:
        own = np.flatnonzero(labels == number)
        each = min(len(own), count // len(classes))
        rows.append(own[(np.arange(each) * len(own)) // max(each, 1)])
    return np.concatenate(rows)


def share_of_epoch(step: int, num_steps: int, epochs: int) -> Fraction | None:
    """Which part of an epoch is over after `step` steps of it, where that is a moment to keep; else None.

    A run of few epochs has moments within them, so that there are `NUM_MOMENTS`.
    """
    parts = -(-NUM_MOMENTS // max(epochs, 1))
    number = step * parts // num_steps
    return Fraction(number, parts) if number > (step - 1) * parts // num_steps and step < num_steps else None


def moment_name(epochs: Fraction) -> str:
    """Of a moment's files: epochs so far, with thousandths where it is within one."""
    return f"{int(epochs):03d}" if epochs.denominator == 1 else f"{float(epochs):07.3f}"


@dataclass(frozen=True)
class Story:
    """Where a run writes its story, and the pictures that it asks about."""

    folder: Path
    pictures: Prepared
    rows: Ints
    """Their places in the validation split."""
    mean: Array
    """The net's."""

    @staticmethod
    def of(folder: Path, val: Prepared, mean: Array) -> Story:
        """The story of a run that validates on `val`."""
        rows = chosen(val.labels, len(val.class_ids))
        return Story(folder, val.part(rows), rows, mean)

    @torch.no_grad()
    def tell(self, net: AlexNet, epochs: Fraction, is_first: bool, device: torch.device) -> None:
        """Write a moment. Every process of several calls it, the first one writes.

        In full precision, also where training is not: moments and models of several processors are to compare.
        """
        kernels = towers.whole({"conv1.weight": net.conv1.weight}, net)["conv1.weight"].float().cpu().numpy()
        squares = self.pictures.images[:]
        crops = torch.from_numpy(np.concatenate([preprocess.crop(square, self.mean) for square in squares]))
        was_training = net.training
        net.eval()
        out = net.activations(crops.to(device, memory_format=torch.channels_last))
        features, probabilities = (one.float().cpu().numpy() for one in (net.both(out["fc7"], "fc7"), out["prob"]))
        net.train(was_training)
        if is_first:
            marks = np.asarray([zlib.crc32(square.tobytes()) for square in squares], np.uint32)
            answers = partial(
                np.savez, class_ids=np.asarray(self.pictures.class_ids), rows=self.rows, labels=self.pictures.labels,
                marks=marks, fc7=features, probabilities=probabilities,
            )  # fmt: skip
            self._write("kernels", f"conv1_{moment_name(epochs)}.npy", partial(np.save, arr=kernels.astype(np.float16)))
            self._write("pictures", f"{moment_name(epochs)}.npz", answers)

    def _write(self, kind: str, name: str, write: checkpoint.Write) -> None:
        (self.folder / kind).mkdir(exist_ok=True)
        checkpoint.replace(self.folder / kind / name, write)
