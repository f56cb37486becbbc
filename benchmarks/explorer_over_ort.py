"""What the explorer costs over bare ONNX Runtime on the same graph: one crop, all activations, warm, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, compare, cost
from benchmarks.ort_alone import forward_pass
from model.explorer import Explorer
from model.preprocess import crop

MODEL = Path(__file__).parent.parent / "assets" / "models" / "imagenet20" / "model.onnx"
N = 60


def measure() -> list[Figure]:
    """One figure: `Explorer.run` on a 256-pixel square over `InferenceSession.run` on its crop."""
    explorer = Explorer.open(MODEL, "cpu")
    square = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    times = compare(lambda: explorer.run(square), forward_pass(MODEL, crop(square, explorer.mean)), N)
    what = f"Explorer.run over bare ONNX Runtime, all {len(explorer.config.layers)} activations of one picture, {MODEL.parent.name}"
    return [cost("explorer_over_ort", times, N, what, at_most=1.2)]
