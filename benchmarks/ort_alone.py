"""Bare ONNX Runtime, which the explorer's figures are compared with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from model import fast_lrn, onnx_file
from model.layers import CROP_PX


def forward_pass(
    path: Path, crop: npt.NDArray[np.float32] | None = None, as_filed: bool = False
) -> Callable[[], object]:
    """One pass on the CPU, all activations, of a crop (1, 3, 224, 224), a random one if none is given.

    Of the graph that the explorer runs, which `fast_lrn` has sped up, or as the file has it.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if as_filed:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    else:
        session = fast_lrn.session(path, onnx_file.read(path)[0].config, options)
    names = [output.name for output in session.get_outputs()]
    if crop is None:
        crop = np.random.default_rng(0).normal(0, 60, (1, 3, CROP_PX, CROP_PX)).astype(np.float32)
    return lambda: session.run(names, {"image": crop})
