"""What the explorer costs over bare ONNX Runtime on the same file: one crop, all activations, warm, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from benchmarks.figure import Figure, compare, cost
from model.explorer import Explorer
from model.preprocess import crop

MODEL = Path(__file__).parent.parent / "assets" / "models" / "imagenet20-mini" / "model.onnx"
N = 60


def measure() -> list[Figure]:
    """One figure: `Explorer.run` on a 256-pixel square over `InferenceSession.run` on its crop."""
    explorer = Explorer.open(MODEL, "cpu")
    square = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    bare = ort.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
    names, feed = [output.name for output in bare.get_outputs()], {"image": crop(square, explorer.mean)}
    times = compare(lambda: explorer.run(square), lambda: bare.run(names, feed), N)
    what = f"Explorer.run over bare ONNX Runtime, all {len(names)} activations of one picture, {MODEL.parent.name}"
    return [cost("explorer_over_ort", times, N, what, at_most=1.2)]
