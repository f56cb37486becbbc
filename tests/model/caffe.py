"""Caffe's files, and a pass through them by hand in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.toys import picture

Array = npt.NDArray[np.float32]
# Caffe's files, written byte by byte: https://protobuf.dev/programming-guides/encoding


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + np.float32(value).tobytes()
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def blob(array: Array, legacy: bool) -> bytes:
    if legacy:
        shape = [1] * (4 - array.ndim) + list(array.shape)
        sizes = b"".join(field(i + 1, size) for i, size in enumerate(shape))
    else:
        sizes = field(7, field(1, b"".join(map(varint, array.shape))))
    return sizes + field(5, array.astype("<f4").tobytes())


V1 = {"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18, "Data": 5}
CONVOLUTIONS = {"conv1": (0, 4), "conv2": (2, 1), "conv3": (1, 1), "conv4": (1, 1), "conv5": (1, 1)}  # pad, stride
LOCAL = field(1, 5) + field(2, 0.0001) + field(3, 0.75)  # local_size, alpha, beta; k stays at its default, 1
ALEXNET = [
    "conv1",
    "norm1",
    "pool1",
    "conv2",
    "norm2",
    "pool2",
    "conv3",
    "conv4",
    "conv5",
    "pool5",
    "fc6",
    "fc7",
    "fc8",
]
REFERENCE = [
    "conv1",
    "pool1",
    "norm1",
    "conv2",
    "pool2",
    "norm2",
    "conv3",
    "conv4",
    "conv5",
    "pool5",
    "fc6",
    "fc7",
    "fc8",
]


def caffe_layer(name: str, weights: dict[str, Array], legacy: bool) -> bytes:
    kind = {"c": "Convolution", "n": "LRN", "p": "Pooling", "f": "InnerProduct", "d": "Data"}[name[0]]
    numbers = (4, 5, 6) if legacy else (1, 2, 7)
    out = field(numbers[0], name) + field(numbers[1], V1[kind] if legacy else kind)
    for part in ("weight", "bias"):
        if f"{name}.{part}" in weights:
            out += field(numbers[2], blob(weights[f"{name}.{part}"], legacy))
    if name in CONVOLUTIONS:
        pad, stride = CONVOLUTIONS[name]
        out += field(10 if legacy else 106, field(3, pad) + field(6, stride))
    if kind == "LRN":
        out += field(18 if legacy else 118, LOCAL)
    if kind == "Pooling":
        out += field(19 if legacy else 121, field(1, 0) + field(2, 3) + field(3, 2))
    if kind == "Data":
        out += field(36 if legacy else 100, field(2, 1) + field(3, 227) + field(4, "mean.binaryproto"))
    return out


def caffe_weights(seed: int = 0) -> dict[str, Array]:
    """A small AlexNet's, BGR, as Caffe shapes them: biases flat, groups in conv2, conv4, conv5."""
    chance = np.random.default_rng(seed)
    shapes = {
        "conv1": (8, 3, 11, 11), "conv2": (16, 4, 5, 5), "conv3": (16, 16, 3, 3), "conv4": (16, 8, 3, 3),
        "conv5": (12, 8, 3, 3), "fc6": (32, 12 * 36), "fc7": (32, 32), "fc8": (6, 32),
    }  # fmt: skip
    made = {}
    for name, shape in shapes.items():
        std = {"conv1": 0.02, "fc8": 0.02}.get(name, (2 / np.prod(shape[1:])) ** 0.5)
        made[f"{name}.weight"] = chance.normal(0, std, shape).astype(np.float32)
        made[f"{name}.bias"] = chance.normal(0, 0.1, shape[0]).astype(np.float32)
    return made


def write_caffemodel(
    path: Path, order: Sequence[str], weights: dict[str, Array], legacy: bool = False, more: bytes = b""
) -> Path:
    layers = [field(2 if legacy else 100, caffe_layer(name, weights, legacy)) for name in ("data", *order)]
    path.write_bytes(field(1, "some net") + b"".join(layers) + more)
    return path


def caffe_convolution(x: npt.NDArray[Any], weight: Array, bias: Array, pad: int, stride: int) -> npt.NDArray[Any]:
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    groups = len(x) // weight.shape[1]
    out = []
    for maps, kernels in zip(np.split(x, groups), np.split(weight, groups), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(maps, weight.shape[2:], (1, 2))[:, ::stride, ::stride]
        out.append(np.einsum("cyxhw,kchw->kyx", windows, kernels, optimize=True))
    return np.concatenate(out) + bias[:, None, None]


def caffe_norm(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """1 + alpha / n times the squares of five maps, wherever the towers end."""
    squares = np.pad(x**2, ((2, 2), (0, 0), (0, 0)))
    return x / (1 + 0.0001 / 5 * sum(squares[i : i + len(x)] for i in range(5))) ** 0.75


def caffe_forward(order: Sequence[str], weights: dict[str, Array], mean_bgr: npt.NDArray[Any]) -> dict[str, Any]:
    """A plain pass in float64: BGR of the middle 227 pixels less the mean, nothing halved behind dropout."""
    x = picture(4)[14:241, 14:241, ::-1].transpose(2, 0, 1) - mean_bgr
    seen: dict[str, Any] = {}
    for name in order:
        if name in CONVOLUTIONS:
            x = caffe_convolution(x, weights[f"{name}.weight"], weights[f"{name}.bias"], *CONVOLUTIONS[name])
        elif name.startswith("norm"):
            x = caffe_norm(x)
        elif name.startswith("pool"):
            x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].max((3, 4))
        else:
            x = weights[f"{name}.weight"] @ x.ravel() + weights[f"{name}.bias"]
        if f"{name}.weight" in weights and name != "fc8":
            x = np.maximum(x, 0)
        seen[name] = x
    exponentials = np.exp(seen["fc8"] - seen["fc8"].max())
    return {**seen, "prob": exponentials / exponentials.sum()}
