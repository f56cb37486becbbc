"""The one file of a model: an ONNX graph whose every named activation is an output, its weights, and all about it.

Gains: `conv1.gain` ... `fc7.gain` (one factor per unit, behind the ReLU) and `cross_talk` (one factor on what crosses
towers on the way into conv3) are graph inputs that have an initializer of ones, so that ONNX Runtime takes them as
optional: muting a kernel, a unit or a GPU needs no other file.

Fully connected weights may be in 4 bits (`four_bits`), which is how a full-size network fits a repository.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from model import four_bits
from model.four_bits import Blocks
from model.layers import SQUARE_PX, Config, Layer

OPSET = 18
ORT = "com.microsoft"  # the domain of ONNX Runtime's own operators
COMPRESSIBLE = ("fc6", "fc7")  # nine tenths of the weights
METADATA_KEY = "alexnet"
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What the file says of itself, besides weights."""

    config: Config
    classes: tuple[tuple[str, str], ...]
    """(id, readable name) of every class, in the order of fc8."""
    mean: Array
    """Grey levels subtracted from a crop: (3,) a colour, or (3, 256, 256) a picture."""
    covariance: npt.NDArray[np.float64] | None = None
    """(3, 3), of RGB over the training set, in squared grey levels; None where it is not known."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    commit: str = "unknown"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    detail_px: int | None = None
    """Longest short side of the pictures that it learned from, if below 256: sharper ones are softened to it, `preprocess.soften`."""

    def to_json(self) -> str:
        return json.dumps(
            {
                "format": 1,
                "config": self.config.to_dict(),
                "classes": self.classes,
                "input": {
                    "crop_px": self.config.crop_px,
                    "square_px": SQUARE_PX,
                    "detail_px": self.detail_px,
                    "range": "0..255 RGB minus mean",
                },
                "mean": _to_text(self.mean),
                "recipe": self.recipe,
                "commit": self.commit,
                "metrics": self.metrics,
                "covariance": None if self.covariance is None else self.covariance.tolist(),
            }
        )

    @staticmethod
    def from_json(text: str) -> ModelInfo:
        fields = json.loads(text)
        return ModelInfo(
            config=Config.from_dict(fields["config"]),
            classes=tuple((key, name) for key, name in fields["classes"]),
            mean=_from_text(fields["mean"]),
            recipe=fields["recipe"],
            commit=fields["commit"],
            metrics=fields["metrics"],
            covariance=np.asarray(fields["covariance"]) if fields.get("covariance") else None,
            detail_px=fields["input"].get("detail_px"),
        )


def _to_text(array: Array) -> str:
    """A float array as base64 of a .npy file: in 16-bit floats, which training rounds the mean to, if they hold it."""
    file = io.BytesIO()
    half = array.astype(np.float16)
    np.save(file, half if (half == array).all() else array.astype(np.float32))
    return base64.b64encode(file.getvalue()).decode()


def _from_text(text: str) -> Array:
    return np.asarray(np.load(io.BytesIO(base64.b64decode(text))), dtype=np.float32)


class Weights(Mapping[str, Array]):
    """A file's weights by name, `conv1.weight` ... `fc8.bias`, read-only. Those in 4 bits are restored when first asked for:
    it takes a second and 215 MB for the paper's net, and most who open a model want its kernels.
    """

    def __init__(self, held: Mapping[str, npt.NDArray[Any]], config: Config) -> None:
        self._held = dict(held)
        self._reads: dict[str, int] = {}  # of those in 4 bits
        self._names = []
        for row in config.layers:
            if row.weight_shape:
                self._names += [f"{row.name}.weight", f"{row.name}.bias"]
                if self._names[-2] not in held:
                    self._reads[self._names[-2]] = row.weight_shape[1]
        needed = {f"{name}.{part}" for name in self._reads for part in Blocks._fields}
        if missing := (needed | set(self._names) - set(self._reads)) - set(held):
            raise KeyError(*missing)

    def __getitem__(self, name: str) -> Array:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._held:
            blocks = Blocks(*(self._held[f"{name}.{part}"] for part in Blocks._fields))
            self._held[name] = four_bits.restore(blocks, self._reads[name])
        array: Array = self._held[name]
        array.flags.writeable = False
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read(path: str | Path) -> tuple[ModelInfo, Weights]:
    """What a file says of itself, and its weights.

    Raises
    ------
    ValueError
        When the file is missing, no ONNX file, or not one of this project.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no model file at {path}.")
    try:
        proto = onnx.load(path)
        text = {entry.key: entry.value for entry in proto.metadata_props}[METADATA_KEY]
        info = ModelInfo.from_json(text)
        held = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
        return info, Weights(held, info.config)
    except Exception as reason:
        raise ValueError(
            f"{path.name} is not an AlexNet file of this project; make one with python -m model.export."
        ) from reason


def is_compressed(path: str | Path) -> bool:
    """Whether a file keeps any weights in 4 bits."""
    return any(node.op_type == "MatMulNBits" for node in onnx.load(path).graph.node)


def write(path: str | Path, info: ModelInfo, weights: Mapping[str, Array], compressed: Collection[str] = ()) -> None:
    """Write a model file.

    Parameters
    ----------
    weights : mapping of str to ndarray
        `conv1.weight` ... `fc8.bias`, in the shapes of the layer table.
    compressed : collection of str, optional
        Fully connected layers whose weights are kept in 4 bits, such as `COMPRESSIBLE`.

    Raises
    ------
    ValueError
        When a weight is missing or has another shape, or there are not as many class names as classes.
    """
    net = info.config
    if len(info.classes) != net.num_classes:
        raise ValueError(f"The network has {net.num_classes} classes, but {len(info.classes)} are named.")
    graph = _Graph(net.crop_px)
    for row in net.layers:
        if row.weight_shape:
            for part, shape in (("weight", row.weight_shape), ("bias", (row.units,))):
                name = f"{row.name}.{part}"
                if name not in weights or weights[name].shape != shape:
                    found = weights[name].shape if name in weights else "nothing"
                    raise ValueError(f"{name} has to have shape {shape}; found {found}.")
                weight = np.ascontiguousarray(weights[name], dtype=np.float32)
                if part == "weight" and row.name in compressed:
                    for field_name, array in four_bits.compress(weight)._asdict().items():
                        graph.constant(f"{name}.{field_name}", array)
                else:
                    graph.constant(name, weight)
    _draw(graph, net)
    outputs = [_tensor(row.name, ["batch", *row.shape]) for row in net.layers]
    proto = helper.make_model(
        helper.make_graph(graph.nodes, "alexnet", graph.inputs, outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET), *([helper.make_opsetid(ORT, 1)] if compressed else [])],
        ir_version=9,
        producer_name="alexnet-explorer",
    )
    helper.set_model_props(proto, {METADATA_KEY: info.to_json()})
    onnx.checker.check_model(proto)
    partial = Path(path).with_suffix(".partial")
    onnx.save(proto, partial)
    partial.replace(path)


class _Graph:
    """Nodes, inputs and initializers as they are made; `node` returns the name of its output."""

    def __init__(self, crop_px: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs = [_tensor("image", ["batch", 3, crop_px, crop_px])]

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def has(self, name: str) -> bool:
        return any(tensor.name == name for tensor in self.initializers)

    def optional_input(self, name: str, shape: tuple[int, ...]) -> str:
        """An input that is one, or ones, unless it is given."""
        self.inputs.append(_tensor(name, list(shape)))
        return self.constant(name, np.ones(shape, np.float32))

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def split(self, x: str, parts: int = 2, axis: int = 1) -> list[str]:
        """Equal parts, for the two towers."""
        names = [f"{x}.gpu{i + 1}" for i in range(parts)]
        self.nodes.append(helper.make_node("Split", [x], names, name=f"{x}.split", axis=axis, num_outputs=parts))
        return names


def _tensor(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _draw(graph: _Graph, net: Config) -> None:
    """Section 3.5 as ONNX nodes, layer by layer; every layer's last node is its named activation."""
    x = "image"
    for row in net.layers:
        match row.kind:
            case "conv":
                x = _conv(graph, net, row, x)
            case "norm":
                x = _norm(graph, net, row, x)
            case "spatial_norm":
                x = _spatial_norm(graph, row, x)
            case "pool":
                late = net.relu_after_pool1 and row.name == "pool1"
                pooled = f"{row.name}.max" if late else row.name
                x = graph.node("MaxPool", [x], pooled, kernel_shape=[row.window_px] * 2, strides=[row.stride] * 2)
                x = graph.node(ACTIVATIONS[net.activation], [x], row.name) if late else x
            case "fc":
                x = _fc(graph, net, row, x)
            case "softmax":
                x = graph.node("Softmax", [x], row.name, axis=1)


def _gained(graph: _Graph, net: Config, row: Layer, x: str) -> str:
    """The activation function, then each unit times its gain."""
    if not (net.relu_after_pool1 and row.name == "conv1"):
        x = graph.node(ACTIVATIONS[net.activation], [x], f"{row.name}.{net.activation}")
    gain = graph.optional_input(f"{row.name}.gain", (row.units,))
    if row.kind == "conv":
        axes = graph.constant(f"{row.name}.gain.axes", np.asarray([1, 2], np.int64))
        gain = graph.node("Unsqueeze", [gain, axes], f"{row.name}.gain.map")
    return graph.node("Mul", [x, gain], row.name)


def _conv(graph: _Graph, net: Config, row: Layer, x: str) -> str:
    before, after = row.pad
    shape = {"strides": [row.stride] * 2, "pads": [before, before, after, after], "group": row.groups}
    if row.name == "conv3" and row.reads_both:
        towers, cross = graph.split(x), graph.optional_input("cross_talk", ())
        weights, biases = graph.split(f"{row.name}.weight", axis=0), graph.split(f"{row.name}.bias", axis=0)
        outs = []
        for i, own in enumerate(towers):
            other = graph.node("Mul", [towers[1 - i], cross], f"{row.name}.into_gpu{i + 1}")
            reads = [own, other] if i == 0 else [other, own]
            both = graph.node("Concat", reads, f"{row.name}.reads_gpu{i + 1}", axis=1)
            outs.append(graph.node("Conv", [both, weights[i], biases[i]], f"{row.name}.conv_gpu{i + 1}", **shape))
        x = graph.node("Concat", outs, f"{row.name}.conv", axis=1)
    else:
        x = graph.node("Conv", [x, f"{row.name}.weight", f"{row.name}.bias"], f"{row.name}.conv", **shape)
    return _gained(graph, net, row, x)


def _norm(graph: _Graph, net: Config, row: Layer, x: str) -> str:
    assert net.lrn
    # ONNX divides the sum by its length, the paper does not
    attributes = {"size": net.lrn.n, "alpha": net.lrn.alpha * net.lrn.n, "beta": net.lrn.beta, "bias": net.lrn.k}
    if net.norm_towers == 1:
        return graph.node("LRN", [x], row.name, **attributes)
    towers = [
        graph.node("LRN", [part], f"{row.name}.gpu{i + 1}", **attributes) for i, part in enumerate(graph.split(x))
    ]
    return graph.node("Concat", towers, row.name, axis=1)


def _spatial_norm(graph: _Graph, row: Layer, x: str) -> str:
    """x / (1 + .001 * mean of the 5x5 squares around it) ** .75, the 2012 code's second norm of layer 2."""
    squares = graph.node("Mul", [x, x], f"{row.name}.squares")
    window = {"kernel_shape": [row.window_px] * 2, "pads": [row.pad[0]] * 4, "count_include_pad": 1}
    mean = graph.node("AveragePool", [squares], f"{row.name}.mean", **window)
    for kind, value in (("Mul", 1e-3), ("Add", 1.0), ("Pow", 0.75)):
        mean = graph.node(
            kind, [mean, graph.constant(f"{row.name}.{kind}", np.asarray(value, np.float32))], f"{row.name}.{kind}ed"
        )
    return graph.node("Div", [x, mean], row.name)


def _fc(graph: _Graph, net: Config, row: Layer, x: str) -> str:
    if row.name == "fc6":
        x = graph.node("Flatten", [x], "fc6.reads")
    halved = net.read_at_test if row.name != "fc6" else 1.0
    weight, bias = f"{row.name}.weight", f"{row.name}.bias"
    product = row.name if row.name == "fc8" else f"{row.name}.product"
    if graph.has(weight):
        x = graph.node("Gemm", [x, weight, bias], product, alpha=halved, transB=1)
    else:
        x = _four_bit_product(graph, row, x, halved, product)
    return x if row.name == "fc8" else _gained(graph, net, row, x)


def _four_bit_product(graph: _Graph, row: Layer, x: str, halved: float, product: str) -> str:
    assert row.weight_shape
    units, reads = row.weight_shape
    if halved != 1:
        x = graph.node("Mul", [x, graph.constant(f"{row.name}.halving", np.float32(halved))], f"{row.name}.reads")
    matrix = [x, f"{row.name}.weight.codes", f"{row.name}.weight.scales", "", "", f"{row.name}.bias"]
    return graph.node(
        "MatMulNBits", matrix, product, domain=ORT, K=reads, N=units, bits=four_bits.BITS, block_size=four_bits.BLOCK,
        accuracy_level=1,  # sums in 32 bits, so that a value spelled out product by product is the network's own
    )  # fmt: skip
