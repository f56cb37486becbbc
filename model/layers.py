"""The layer table: every size, count and connection of an AlexNet, as plain data derived from one Config.

Everything else (the torch net, the ONNX graph, the app's drawing, the tests) reads its geometry here.
Source: Krizhevsky, Sutskever & Hinton 2012, section 3, and the authors' `layers-145.cfg` where noted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

CROP_PX = 224  # what the paper's network sees, and all that are trained here; others may differ (`Config.crop_px`)
SQUARE_PX = 256  # what crops are cut from


@dataclass(frozen=True, kw_only=True)
class LRN:
    """Local response normalisation, section 3.3: b_i = a_i / (k + alpha * sum_{n neighbours} a_j^2) ** beta."""

    k: float = 2.0
    n: int = 5
    alpha: float = 1e-4  # times the plain sum, as the paper prints it; the 2012 code divides it by n
    beta: float = 0.75


@dataclass(frozen=True, kw_only=True)
class Config:
    """One AlexNet. The default is the paper's; each field is one switch away from it."""

    num_classes: int = 1000
    kernels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    """Kernels of conv1..conv5, all towers together."""
    fc_units: int = 4096
    """Units of fc6 and of fc7, all towers together."""
    width: float = 1.0
    """Multiplies `kernels`: 0.5 is the half-width preset (fc_units stays as given)."""
    towers: Literal[1, 2] = 2
    conv3_reads_both: bool = True
    """False cuts the only cross-GPU connection among the convolutions (the authors' config 150)."""
    conv6: bool = False
    """A sixth convolution, 256 of 3x3, on all of pool5, with no pooling behind it (ILSVRC-2012 entry)."""
    lrn: LRN | None = LRN()
    pool_px: Literal[2, 3] = 3
    """3 overlaps (stride is always 2, section 3.4); 2 does not."""
    relu_after_pool1: bool = False
    """2012 code: conv1, LRN, pool, ReLU, where the paper has conv1, ReLU, LRN, pool."""
    spatial_norm2: bool = False
    """2012 code: a second, spatial 5x5 normalisation behind norm2."""
    activation: Literal["relu", "tanh"] = "relu"
    """f of section 3.1; tanh is what Figure 1 compares it with."""
    dropout: bool = True
    """Section 4.2. Without it nothing is halved at test time either."""
    without: Literal["conv3", "conv4", "conv5"] | None = None
    """A convolution left out, as section 7 tries; the next one reads what it would have read, within its own rules."""

    crop_px: int = CROP_PX
    """Side of what the network sees; Caffe's nets see 227 of 256 pixels."""
    conv1_pad: tuple[int, int] = (0, 3)
    """Zero rows (and columns) before and after the crop: torchvision's net has (2, 2), Caffe's have none."""
    lrn_across_towers: bool = False
    """Caffe's normalisation knows of no towers: its windows reach across the border between them."""
    pool_before_norm: bool = False
    """Caffe's reference net pools before it normalises, in layers 1 and 2."""
    halved_at_test: bool = True
    """Section 4.2. torchvision and Caffe double in training what dropout leaves, so that nothing is halved at test time."""

    def __post_init__(self) -> None:
        if self.towers not in (1, 2) or self.pool_px not in (2, 3):
            raise ValueError(
                f"towers is {self.towers} and pool_px {self.pool_px}; choose 1 or 2 towers, pool 2 or 3 pixels."
            )
        for name, units in [*zip(CONV_NAMES, self.scaled_kernels, strict=True), ("fc6, fc7", self.fc_units)]:
            if units < self.towers or units % self.towers:
                raise ValueError(f"{name} has {units} units, which {self.towers} towers cannot share; change width.")
        if self.activation not in ("relu", "tanh") or self.without not in (None, "conv3", "conv4", "conv5"):
            raise ValueError(
                f"activation is {self.activation!r} and without {self.without!r}; choose relu or tanh, conv3, conv4 or conv5."
            )
        if not 64 <= self.crop_px <= SQUARE_PX or not all(0 <= rows < 11 for rows in self.conv1_pad):
            raise ValueError(
                f"crop_px is {self.crop_px} and conv1_pad {self.conv1_pad}; choose 64 to {SQUARE_PX} pixels, 0 to 10 zero rows."
            )
        if self.num_classes < 1:
            raise ValueError(f"num_classes is {self.num_classes}; a network needs at least one class.")

    @property
    def read_at_test(self) -> float:
        """How much of fc6 and fc7 the next layer reads at test time: half of it behind dropout (section 4.2)."""
        return 0.5 if self.dropout and self.halved_at_test else 1.0

    @property
    def norm_towers(self) -> int:
        """Into how many parts response normalisation cuts a layer's maps."""
        return 1 if self.lrn_across_towers else self.towers

    @property
    def scaled_kernels(self) -> tuple[int, ...]:
        return tuple(round(self.width * count) for count in self.kernels)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layer table, input to output."""
        return tuple(_layers(self))

    @cached_property
    def layer(self) -> Mapping[str, Layer]:
        """The layer table by name."""
        return {row.name: row for row in self.layers}

    @property
    def num_parameters(self) -> int:
        return sum(row.num_parameters for row in self.layers)

    @property
    def num_macs(self) -> int:
        return sum(row.num_macs for row in self.layers)

    @property
    def num_neurons(self) -> int:
        return sum(row.num_values for row in self.layers if row.weight_shape)

    @property
    def crossing_bytes(self) -> Mapping[str, int]:
        """What goes from GPU to GPU for one picture, both ways together, by the layer that reads it; four bytes a value.

        Every GPU sends its half of the layer below to the other one; fc8, which has no halves, fetches one half.
        """
        pairs = zip(self.layers, self.layers[1:], strict=False)
        return {row.name: 4 * below.num_values * row.towers // 2 for below, row in pairs if row.reads_both}

    @property
    def gained(self) -> tuple[str, ...]:
        """Layers whose units carry a gain: all that have weights but the output layer."""
        return tuple(row.name for row in self.layers if row.weight_shape and row.name != "fc8")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> Config:
        """Inverse of `to_dict`, also after a trip through JSON. Fields that an older program did not know are the paper's."""
        lrn = fields.get("lrn")
        tuples = {name: tuple(fields[name]) for name in ("kernels", "conv1_pad") if name in fields}
        return Config(**{**fields, **tuples, "lrn": LRN(**lrn) if lrn else None})


CONV_NAMES = ("conv1", "conv2", "conv3", "conv4", "conv5")
Kind = Literal["conv", "norm", "spatial_norm", "pool", "fc", "softmax"]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row of the table. `units` maps of `size_px` x `size_px` values; an fc unit is a map of one value."""

    name: str
    kind: Kind
    units: int
    size_px: int
    window_px: int = 1
    stride: int = 1
    pad: tuple[int, int] = (0, 0)
    """Zero rows (and columns) before and after: the paper's conv1 has none before and three after."""
    groups: int = 1
    """2 where each tower reads only itself."""
    towers: int = 2
    """How many towers the units are shared among, first half GPU1, second half GPU2."""
    reads_both: bool = False
    """True where a tower reads the other one too: the cross-GPU traffic."""
    weight_shape: tuple[int, ...] | None = None
    crop_px: int = CROP_PX
    """Side of the crop that the network sees."""
    field_px: int = CROP_PX
    """Side of the receptive field on the crop."""
    field_stride_px: int = CROP_PX
    """How far the field moves from one value of a map to the next."""
    field_start_px: int = 0
    """First row of the field of a map's first value; negative where it begins in the padding."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one picture's activations: (units, size, size), or (units,) for fully connected layers."""
        return (self.units,) if self.kind in ("fc", "softmax") else (self.units, self.size_px, self.size_px)

    @property
    def num_values(self) -> int:
        return math.prod(self.shape)

    @property
    def num_parameters(self) -> int:
        return math.prod(self.weight_shape) + self.units if self.weight_shape else 0

    @property
    def num_macs(self) -> int:
        """Multiply-accumulates for one crop, biases not counted."""
        return math.prod(self.weight_shape) * self.size_px**2 if self.weight_shape else 0

    def tower_units(self, tower: int) -> slice:
        """The units of GPU `tower + 1`, tower 0 or 1."""
        share = self.units // self.towers
        return slice(tower * share, (tower + 1) * share)

    def field(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Receptive field of the value at (row, column): top, left, bottom, right in crop pixels, within the crop."""
        top, left = (self.field_start_px + place * self.field_stride_px for place in (row, column))
        bottom, right = (min(edge + self.field_px, self.crop_px) for edge in (top, left))
        return max(top, 0), max(left, 0), bottom, right


def _layers(net: Config) -> list[Layer]:
    table: list[Layer] = []
    k1, k2, k3, k4, k5 = net.scaled_kernels
    pool = ("pool", None, net.pool_px, 2, (0, 0))
    norm = ("norm", None, 1, 1, (0, 0))
    # kind, units (None: as many as below), window, stride, zero rows before and after
    spatial: list[tuple[str, Any]] = [("conv1", ("conv", k1, 11, 4, net.conv1_pad))]
    norms = [("norm1", norm)] if net.lrn else []
    spatial += [("pool1", pool), *norms] if net.pool_before_norm else [*norms, ("pool1", pool)]
    spatial += [("conv2", ("conv", k2, 5, 1, (2, 2)))]
    norms = [("norm2", norm)] if net.lrn else []
    norms += [("spatial2", ("spatial_norm", None, 5, 1, (2, 2)))] if net.spatial_norm2 else []
    spatial += [("pool2", pool), *norms] if net.pool_before_norm else [*norms, ("pool2", pool)]
    middle = (("conv3", k3), ("conv4", k4), ("conv5", k5))
    spatial += [(name, ("conv", kernels, 3, 1, (1, 1))) for name, kernels in middle if name != net.without]
    spatial += [("pool5", pool)]
    spatial += [("conv6", ("conv", k5, 3, 1, (1, 1)))] if net.conv6 else []

    units, size, field, jump, start = 3, net.crop_px, 1, 1, 0  # of the input
    for name, (kind, made, window, stride, pad) in spatial:
        reads_both = name in ("conv3", "conv6") and net.towers == 2 and (name == "conv6" or net.conv3_reads_both)
        groups = net.towers if kind == "conv" and name != "conv1" and not reads_both else 1
        weights = (made, units // groups, window, window) if kind == "conv" else None
        units = made or units
        size = (size + sum(pad) - window) // stride + 1
        field, start, jump = field + (window - 1) * jump, start - pad[0] * jump, jump * stride
        table.append(
            Layer(
                name=name, kind=kind, units=units, size_px=size, window_px=window, stride=stride, pad=pad,
                groups=groups, towers=net.towers, reads_both=reads_both, weight_shape=weights,
                crop_px=net.crop_px, field_px=field, field_stride_px=jump, field_start_px=start,
            )
        )  # fmt: skip
    reads = math.prod(table[-1].shape)
    whole: dict[str, Any] = dict.fromkeys(("crop_px", "field_px", "field_stride_px"), net.crop_px)  # fc units see all
    for name, units in (("fc6", net.fc_units), ("fc7", net.fc_units), ("fc8", net.num_classes)):
        towers = net.towers if name != "fc8" else 1
        both = net.towers == 2
        table.append(
            Layer(
                name=name,
                kind="fc",
                units=units,
                size_px=1,
                towers=towers,
                reads_both=both,
                weight_shape=(units, reads),
                **whole,
            )
        )
        reads = units
    table.append(Layer(name="prob", kind="softmax", units=net.num_classes, size_px=1, towers=1, **whole))
    return table


PAPER = Config()
CODE_2012 = Config(lrn=LRN(alpha=2e-5), relu_after_pool1=True, spatial_norm2=True)  # layers-145.cfg
CONV6 = Config(conv6=True)
ONE_COLUMN = Config(kernels=(48, 128, 192, 192, 256), towers=1)  # 145-half; conv5 keeps its size (paper's footnote)
ONE_TOWER = Config(towers=1)  # all kernels, no groups
NO_LRN = Config(lrn=None)
NO_OVERLAP = Config(pool_px=2)
NO_CROSS_TALK = Config(conv3_reads_both=False)
TANH = Config(activation="tanh")
NO_DROPOUT = Config(dropout=False)
TORCHVISION = Config(  # its `alexnet`, after Krizhevsky 2014, "One weird trick"
    kernels=(64, 192, 384, 256, 256), towers=1, lrn=None, conv1_pad=(2, 2), halved_at_test=False
)
BVLC = Config(  # Caffe's `bvlc_alexnet`; k = 1 and alpha / n, as Caffe's layer has them
    lrn=LRN(k=1.0, alpha=2e-5), crop_px=227, conv1_pad=(0, 0), lrn_across_towers=True, halved_at_test=False
)
CAFFENET = replace(BVLC, pool_before_norm=True)  # Caffe's `bvlc_reference_caffenet`
WITHOUT_CONV3, WITHOUT_CONV4, WITHOUT_CONV5 = Config(without="conv3"), Config(without="conv4"), Config(without="conv5")
