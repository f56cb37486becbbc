"""Caffe's AlexNets as ours: `bvlc_alexnet`, and `bvlc_reference_caffenet`, which pools before it normalises.

They see 227 pixels without padding, BGR less a mean of their own, and their response normalisation has k = 1, divides
alpha by n and reaches across the towers. Order, normalisation, crop and pooling are read from the file, which holds
every layer of the net; conv1's weights are turned from BGR to RGB.

The schema is as much of BVLC/caffe, src/caffe/proto/caffe.proto, as an AlexNet needs; Caffe itself is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from model.imported import CONVOLUTIONS, FULLY_CONNECTED, Imported, provenance, with_shapes_of
from model.layers import BVLC, LRN, SQUARE_PX, Config
from model.onnx_file import Array

MEAN_BGR = (
    104.00699,
    116.66877,
    122.67892,
)  # of imagenet_mean.binaryproto, colour by colour, as Caffe's examples have it
# message: field, number, type, or another message's name; * for repeated, + for packed. A blob's floats are packed, which on the
# wire is the same as bytes: so they reach numpy without a Python object each.
SCHEMA: dict[str, tuple[tuple[str, int, str], ...]] = {
    "BlobShape": (("dim", 1, "int64+"),),
    "BlobProto": (
        ("num", 1, "int32"), ("channels", 2, "int32"), ("height", 3, "int32"), ("width", 4, "int32"),
        ("data", 5, "bytes*"), ("shape", 7, "BlobShape"),
    ),
    "TransformationParameter": (("scale", 1, "float"), ("crop_size", 3, "uint32"), ("mean_value", 5, "float*")),
    "ConvolutionParameter": (("pad", 3, "uint32*"), ("stride", 6, "uint32*")),
    "LRNParameter": (
        ("local_size", 1, "uint32"), ("alpha", 2, "float"), ("beta", 3, "float"), ("norm_region", 4, "int32"),
        ("k", 5, "float"),
    ),
    "PoolingParameter": (("pool", 1, "int32"), ("kernel_size", 2, "uint32"), ("stride", 3, "uint32")),
    "V1LayerParameter": (
        ("name", 4, "string"), ("type", 5, "int32"), ("blobs", 6, "BlobProto*"),
        ("convolution_param", 10, "ConvolutionParameter"), ("lrn_param", 18, "LRNParameter"),
        ("pooling_param", 19, "PoolingParameter"), ("transform_param", 36, "TransformationParameter"),
    ),
    "LayerParameter": (
        ("name", 1, "string"), ("type", 2, "string"), ("blobs", 7, "BlobProto*"),
        ("transform_param", 100, "TransformationParameter"), ("convolution_param", 106, "ConvolutionParameter"),
        ("lrn_param", 118, "LRNParameter"), ("pooling_param", 121, "PoolingParameter"),
    ),
    "NetParameter": (("name", 1, "string"), ("layers", 2, "V1LayerParameter*"), ("layer", 100, "LayerParameter*")),
}  # fmt: skip
V1_TYPES = {4: "Convolution", 14: "InnerProduct", 15: "LRN", 17: "Pooling"}
LETTERS = {"Convolution": "c", "InnerProduct": "f", "LRN": "n", "Pooling": "p"}
ORDERS = {"cnpcnpcccpfff": False, "cpncpncccpfff": True, "cpcpcccpfff": False}
"""Layers that compute something, input to output, and whether pooling comes before normalisation."""


@dataclass(frozen=True)
class _Layer:
    """A layer of either version of the schema."""

    name: str
    kind: str
    record: Any


def read(path: Path, mean: Path | None = None) -> Imported:
    """A .caffemodel as one of our nets.

    Parameters
    ----------
    mean : Path, optional
        imagenet_mean.binaryproto, a mean picture; if not given, the file's own mean colour, or ImageNet's.

    Raises
    ------
    ValueError
        When the file is damaged, or its net is no AlexNet; names the layer that cannot be mapped.
    """
    layers = _layers(path)
    weights: dict[str, Array] = {}
    for name, layer in zip((*CONVOLUTIONS, *FULLY_CONNECTED), _weighted(layers, path), strict=True):
        blobs = [_array(blob, f"{layer.name} of {path.name}") for blob in layer.record.blobs]
        if len(blobs) != 2:
            raise ValueError(f"{layer.name} of {path.name} has {len(blobs)} blobs; weights and biases are needed.")
        weights[f"{name}.bias"] = blobs[1].reshape(-1)
        kernels = blobs[0] if name in CONVOLUTIONS else blobs[0].reshape(blobs[0].shape[-2:])
        weights[f"{name}.weight"] = kernels
    config = with_shapes_of(weights, _config(layers, path), path.name)
    transform = next((one.record.transform_param for one in layers if one.record.HasField("transform_param")), None)
    scale = transform.scale if transform and transform.HasField("scale") else 1.0
    weights["conv1.weight"] = np.ascontiguousarray(weights["conv1.weight"][:, ::-1]) * np.float32(scale)  # BGR to RGB
    kind = "Caffe's reference net" if config.pool_before_norm else "Caffe's AlexNet"
    pixels = read_mean(mean) if mean else _mean_colour(transform)
    return Imported(config=config, weights=weights, mean=pixels, recipe=provenance(kind, path))


def read_mean(path: Path) -> Array:
    """A mean picture of Caffe's, (3, 256, 256) in RGB.

    Raises
    ------
    ValueError
        When it is none.
    """
    picture = _array(_parsed("BlobProto", path), path.name)
    if picture.size != 3 * SQUARE_PX**2:
        raise ValueError(
            f"{path.name} has shape {picture.shape}; a mean picture of 3 x {SQUARE_PX} x {SQUARE_PX} is needed."
        )
    return np.ascontiguousarray(picture.reshape(3, SQUARE_PX, SQUARE_PX)[::-1])


def _mean_colour(transform: Any) -> Array:
    own = list(transform.mean_value) if transform else []
    return np.asarray(own[::-1] if len(own) == 3 else MEAN_BGR[::-1], np.float32)


def _layers(path: Path) -> list[_Layer]:
    net = _parsed("NetParameter", path)
    layers = [_Layer(one.name, one.type, one) for one in net.layer]
    layers += [_Layer(one.name, V1_TYPES.get(one.type, ""), one) for one in net.layers]
    if not layers:
        raise ValueError(f"{path.name} holds no layers of Caffe's; give a .caffemodel of bvlc_alexnet or caffenet.")
    unknown = next(
        (one for one in layers if one.record.blobs and one.kind not in ("Convolution", "InnerProduct")), None
    )
    if unknown:
        raise ValueError(f"{path.name} has the layer {unknown.name} with weights that no AlexNet has a place for.")
    return layers


def _weighted(layers: Sequence[_Layer], path: Path) -> list[_Layer]:
    found = [one for one in layers if one.record.blobs]
    kinds = "".join(LETTERS[one.kind] for one in found)
    if kinds != "cccccfff":
        names = ", ".join(one.name for one in found)
        raise ValueError(
            f"{path.name} has weights for {names or 'no layer'}; an AlexNet of Caffe's has five convolutions and "
            "three fully connected layers."
        )
    return found


def _config(layers: Sequence[_Layer], path: Path) -> Config:
    """All that is not in the weights' shapes."""
    known = [one for one in layers if one.kind in LETTERS]
    order = "".join(LETTERS[one.kind] for one in known)
    if order not in ORDERS:
        raise ValueError(
            f"{path.name} has its layers in the order {', '.join(one.name for one in known)}, which is neither Caffe's "
            "AlexNet's nor its reference net's."
        )
    of_kind = {kind: [one for one in known if one.kind == kind] for kind in LETTERS}
    transforms = [one.record.transform_param for one in layers if one.record.HasField("transform_param")]
    crop_px = next((one.crop_size for one in transforms if one.crop_size), BVLC.crop_px)
    return replace(
        BVLC,
        crop_px=crop_px,
        conv1_pad=_conv1_pad(of_kind["Convolution"], path),
        pool_px=_pool_px(of_kind["Pooling"], path),
        lrn=_lrn(of_kind["LRN"], path),
        pool_before_norm=ORDERS[order],
    )


def _conv1_pad(convolutions: Sequence[_Layer], path: Path) -> tuple[int, int]:
    """conv1's zero rows; the other convolutions' have to be an AlexNet's, and so all strides."""
    first = 0
    for one, own_pad, own_stride in zip(convolutions, (None, 2, 1, 1, 1), (4, 1, 1, 1, 1), strict=True):
        if not one.record.HasField("convolution_param"):
            continue
        asked = one.record.convolution_param
        pads, strides = set(asked.pad) or {0}, set(asked.stride) or {1}
        if strides != {own_stride} or len(pads) > 1 or (own_pad is not None and pads != {own_pad}):
            raise ValueError(
                f"{one.name} of {path.name} has padding {sorted(pads)} and stride {sorted(strides)}; no AlexNet has."
            )
        first = pads.pop() if own_pad is None else first
    return first, first


def _pool_px(pools: Sequence[_Layer], path: Path) -> Any:
    asked = [one.record.pooling_param for one in pools if one.record.HasField("pooling_param")]
    sizes = {(one.pool, one.kernel_size, one.stride) for one in asked} or {(0, 3, 2)}
    if sizes not in ({(0, 3, 2)}, {(0, 2, 2)}):
        raise ValueError(f"The pooling of {path.name} is not everywhere the largest of 3 x 3 (or 2 x 2), two apart.")
    return sizes.pop()[1]


def _lrn(norms: Sequence[_Layer], path: Path) -> LRN | None:
    """As Caffe's layer has it: alpha is over n there, and its defaults are 5, 1, .75 and 1."""
    found = set()
    for one in norms:
        asked = one.record.lrn_param
        if asked.norm_region:
            raise ValueError(f"{one.name} of {path.name} normalises within a map; only across maps can be mapped.")
        n = asked.local_size or 5
        alpha = (asked.alpha if asked.HasField("alpha") else 1.0) / n
        beta, k = (
            getattr(asked, name) if asked.HasField(name) else value for name, value in (("beta", 0.75), ("k", 1.0))
        )
        found.add(LRN(k=_short(k), n=n, alpha=_short(alpha), beta=_short(beta)))
    if len(found) > 1:
        raise ValueError(f"The normalisations of {path.name} differ from each other; ours are all alike.")
    return found.pop() if found else None


def _short(value: float) -> float:
    """The decimal that was meant: .0001 is .0000999999974 in the file's 32 bits."""
    return float(f"{value:.7g}")


def _array(blob: Any, name: str) -> Array:
    """A blob in its shape; files of before 2014 have four numbers in place of a list."""
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else (blob.num, blob.channels, blob.height, blob.width)
    packed = b"".join(blob.data)
    data = np.frombuffer(packed[: len(packed) // 4 * 4], "<f4")
    if any(size < 1 for size in shape) or data.size != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"A blob of {name} has {data.size:,} values for shape {shape}; get the file again.")
    return data.astype(np.float32).reshape(shape)


def _parsed(message: str, path: Path) -> Any:
    parsed = _messages()[message]()
    try:
        parsed.ParseFromString(path.read_bytes())
    except DecodeError:
        raise ValueError(f"{path.name} is damaged or cut short, or no file of Caffe's; get the file again.") from None
    return parsed


@cache
def _messages() -> dict[str, Any]:
    """The schema's message classes, by name."""
    file = descriptor_pb2.FileDescriptorProto(name="alexnet_caffe.proto", package="alexnet_caffe", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, its_fields in SCHEMA.items():
        made = file.message_type.add(name=message)
        for name, number, kind in its_fields:
            plain = kind.rstrip("*+")
            field = made.field.add(
                name=name, number=number, label=kinds.LABEL_OPTIONAL if plain == kind else kinds.LABEL_REPEATED
            )
            if plain in SCHEMA:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".alexnet_caffe.{plain}"
            else:
                field.type = kinds.Type.Value(f"TYPE_{plain.upper()}")
            if kind.endswith("+"):
                field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name.rpartition(".")[2]: made for name, made in classes.items()}
