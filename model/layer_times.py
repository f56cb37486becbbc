"""What each layer of a network costs on this machine, from ONNX Runtime's own profiler."""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime as ort

from model import fast_lrn
from model.explorer import Explorer

PASSES = 8


def layer_milliseconds(explorer: Explorer, path: str | Path, runs: int = PASSES) -> dict[str, float]:
    """Milliseconds a crop by layer name: the fastest of `runs` passes, the first one left out.

    A convolution's time includes its bias, ReLU and gain. Profiling slows a session down, so it has one of its own.

    Parameters
    ----------
    path : path
        The file that `explorer` was opened from.
    """
    layers = [row.name for row in explorer.config.layers]
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        if (providers := explorer.session.get_providers()) == ["CPUExecutionProvider"]:
            session = fast_lrn.session(path, explorer.config, options)
        else:
            session = ort.InferenceSession(str(path), options, providers=providers)
        side = explorer.config.crop_px
        crop = np.random.default_rng(0).normal(0, 60, (1, 3, side, side)).astype(np.float32)
        for _ in range(runs + 1):
            session.run(layers, {"image": crop})
        profile = session.end_profiling()
        events = json.loads(Path(profile).read_text(encoding="utf-8"))
    times: dict[str, list[float]] = defaultdict(list)
    for passed in _passes(events)[1:]:
        totals: dict[str, float] = defaultdict(float)
        layer = layers[0]
        for node, microseconds in passed:
            named = re.split(r"[._]", node.removeprefix("fused "))[0]
            layer = named if named in layers else layer  # what ONNX Runtime inserts belongs to the layer before it
            totals[layer] += microseconds / 1e3
        for name in layers:
            times[name].append(totals[name])
    return {layer: min(times[layer]) for layer in layers}


def _passes(events: list[dict[str, object]]) -> list[list[tuple[str, float]]]:
    """The kernels' (node name, microseconds) of each pass; a pass ends with the session's own event."""
    passes: list[list[tuple[str, float]]] = []
    current: list[tuple[str, float]] = []
    for event in events:
        name = str(event["name"])
        if event["cat"] == "Node" and name.endswith("_kernel_time"):
            current.append((name.removesuffix("_kernel_time"), float(str(event["dur"]))))
        elif name == "model_run":
            passes.append(current)
            current = []
    return passes
