"""Response normalisation in operators at which ONNX Runtime is fast on a CPU.

A model file keeps ONNX's LRN, which says what it is; ONNX Runtime's CPU kernel for it raises every sum to a power one value at a
time, and takes up to half of a whole forward pass. Squares, their sums over neighbouring channels as a 1 x 1 convolution, and for the
power 3/4 two square roots and a product, are the same number but for float32 rounding, three to ten times as fast
(docs/log.md, 2026-11-29; `python -m benchmarks lrn_onnx` times whole passes).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from model.layers import LRN, Config, Layer


def session(path: str | Path, net: Config, options: ort.SessionOptions) -> ort.InferenceSession:
    """A model file ready to run on the CPU, its normalisations spelled out."""
    graph = load(path, net) if net.lrn else str(path)
    opened = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    opened._model_bytes = None  # it has taken what it needs, and would keep 41 MB or 244
    return opened


def load(path: str | Path, net: Config) -> bytes:
    """A model file for `InferenceSession`, its normalisations spelled out.

    Parameters
    ----------
    path : path
        A file that `model.onnx_file` wrote.
    net : Config
        What it says of itself.
    """
    proto = onnx.load(path)
    before = "image"
    for row in net.layers:
        if row.kind == "norm":
            _replace(proto.graph, net, row, before)
        before = row.name
    data: bytes = proto.SerializeToString()
    return data


def _replace(graph: onnx.GraphProto, net: Config, row: Layer, x: str) -> None:
    """The nodes of one normalisation of x, all of its towers', by those of `_nodes`."""
    assert net.lrn
    assert net.lrn.n % 2  # ONNX knows no other
    parts = {f"{row.name}.gpu1", f"{row.name}.gpu2", row.name}
    old = [i for i, node in enumerate(graph.node) if node.name in parts]
    if net.norm_towers > 1:
        old.append(next(i for i, node in enumerate(graph.node) if node.name == f"{x}.split"))
    kept = [node for i, node in enumerate(graph.node) if i not in old]
    nodes, constants = _nodes(row, net.norm_towers, net.lrn, x)
    place = min(old)
    del graph.node[:]
    graph.node.extend([*kept[:place], *nodes, *kept[place:]])
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())


def _nodes(
    row: Layer, towers: int, lrn: LRN, x: str
) -> tuple[list[onnx.NodeProto], dict[str, npt.NDArray[np.float32]]]:
    """b = a / (k + alpha * sum of a ** 2 over n neighbouring kernels of its tower) ** beta, section 3.3."""

    def node(kind: str, inputs: list[str], part: str, **attributes: int) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [_name(part)], name=_name(part), **attributes)

    def _name(part: str) -> str:
        return f"{row.name}.{part}" if part else row.name

    place = np.arange(row.units // towers)
    near = np.tile(np.abs(place[:, None] - place) <= lrn.n // 2, (towers, 1))
    constants = {
        _name("alphas"): (lrn.alpha * near).astype(np.float32)[:, :, None, None],
        _name("k"): np.full(row.units, lrn.k, np.float32),
    }
    nodes = [
        node("Mul", [x, x], "squares"),
        node("Conv", [_name("squares"), *constants], "sums", group=towers),
    ]
    if lrn.beta == 0.75:
        nodes += [
            node("Sqrt", [_name("sums")], "root"),
            node("Sqrt", [_name("root")], "fourth_root"),
            node("Mul", [_name("root"), _name("fourth_root")], "power"),
        ]
    else:
        constants[_name("beta")] = np.asarray(lrn.beta, np.float32)
        nodes.append(node("Pow", [_name("sums"), _name("beta")], "power"))
    return [*nodes, node("Div", [x, _name("power")], "")], constants
