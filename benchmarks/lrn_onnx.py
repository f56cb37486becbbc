"""What spelling response normalisation out saves of a forward pass in ONNX Runtime on the CPU: `model.fast_lrn`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, compare, speed_up
from benchmarks.ort_alone import forward_pass

MODEL = Path(__file__).parent.parent / "assets" / "models" / "imagenet20" / "model.onnx"
N = {1: 30, 16: 5}


def measure() -> list[Figure]:
    """The file as it is over the same spelled out, all activations, of one crop and of 16, as many as occlusion maps take at once."""
    figures = []
    for crops, n in N.items():
        batch = np.random.default_rng(0).normal(0, 60, (crops, 3, 224, 224)).astype(np.float32)
        times = compare(forward_pass(MODEL, batch), forward_pass(MODEL, batch, as_filed=True), n)
        what = f"{MODEL.parent.name} as it is filed over its normalisation spelled out, all activations, crops at once: {crops}"
        figures.append(speed_up(f"lrn_onnx {crops}", times, n, what, at_least=1.2))
    return figures
