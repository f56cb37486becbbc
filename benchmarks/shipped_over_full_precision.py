"""What a shipped model's forward pass costs over the same network with every weight in 32 bits: one crop, warm, on the CPU.

Where no shipped file keeps weights in 4 bits, the paper's net for 200 classes stands in, with weights drawn at random: time does
not depend on them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figure import Figure, compare, cost
from benchmarks.ort_alone import forward_pass
from model import onnx_file
from model.layers import PAPER
from model.onnx_file import Array, ModelInfo

MODELS = Path(__file__).parent.parent / "assets" / "models"
N = 40


def measure() -> list[Figure]:
    """One figure a compressed model."""
    with TemporaryDirectory() as folder:
        found = list(_compressed(Path(folder)))
        return [_figure(path, Path(folder)) for path in found]


def _figure(path: Path, folder: Path) -> Figure:
    info, weights = onnx_file.read(path)
    full = folder / f"{path.parent.name}-full.onnx"
    onnx_file.write(full, info, weights)
    crop = np.random.default_rng(0).normal(0, 60, (1, 3, info.config.crop_px, info.config.crop_px)).astype(np.float32)
    times = compare(forward_pass(path, crop), forward_pass(full, crop), N)
    sizes = [file.stat().st_size / 1e6 for file in (path, full)]
    what = (
        f"{path.parent.name}, {sizes[0]:.1f} MB with fc6 and fc7 in 4 bits, over the same weights in 32 bits, "
        f"{sizes[1]:.1f} MB; ONNX Runtime, all activations of one crop"
    )
    return cost(f"shipped_over_full_precision {path.parent.name}", times, N, what, at_most=1.0)


def _compressed(folder: Path) -> Iterator[Path]:
    shipped = [path for path in sorted(MODELS.glob("*/model.onnx")) if onnx_file.is_compressed(path)]
    yield from shipped or [_stand_in(folder)]


def _stand_in(folder: Path) -> Path:
    config = dataclasses.replace(PAPER, num_classes=200)
    noise = np.random.default_rng(0)
    weights: Mapping[str, Array] = {
        f"{row.name}.{part}": noise.normal(0, 0.01, shape).astype(np.float32)
        for row in config.layers
        if row.weight_shape
        for part, shape in (("weight", row.weight_shape), ("bias", (row.units,)))
    }
    classes = tuple((f"n{i}", f"class {i}") for i in range(config.num_classes))
    path = folder / "random-weights" / "model.onnx"
    path.parent.mkdir()
    onnx_file.write(
        path, ModelInfo(config=config, classes=classes, mean=np.zeros(3, np.float32)), weights, onnx_file.COMPRESSIBLE
    )
    return path
