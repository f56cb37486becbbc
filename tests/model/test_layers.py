"""Every row of the published network, and the count of every variant."""

import dataclasses
import json

import pytest

from model import layers
from model.layers import PAPER, Config

# alexnet-facts: weights, biases, MACs per crop, neurons
PUBLISHED = {
    "conv1": (34_848, 96, 105_415_200, 290_400),
    "conv2": (307_200, 256, 223_948_800, 186_624),
    "conv3": (884_736, 384, 149_520_384, 64_896),
    "conv4": (663_552, 384, 112_140_288, 64_896),
    "conv5": (442_368, 256, 74_760_192, 43_264),
    "fc6": (37_748_736, 4_096, 37_748_736, 4_096),
    "fc7": (16_777_216, 4_096, 16_777_216, 4_096),
    "fc8": (4_096_000, 1_000, 4_096_000, 1_000),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_row(name: str) -> None:
    weights, biases, macs, neurons = PUBLISHED[name]
    row = PAPER.layer[name]
    assert (row.num_parameters, row.num_macs, row.num_values) == (weights + biases, macs, neurons)
    assert row.units == biases


def test_published_totals() -> None:
    assert PAPER.num_parameters == 60_965_224
    assert PAPER.num_macs == 724_406_816
    assert PAPER.num_neurons == 659_272


@pytest.mark.parametrize(
    ("variant", "num_parameters"),
    [
        (layers.CODE_2012, 60_965_224),
        (layers.CONV6, 61_555_304),
        (layers.ONE_COLUMN, 59_798_312),
        (layers.ONE_TOWER, 62_378_344),
        (layers.NO_LRN, 60_965_224),
        (layers.NO_OVERLAP, 60_965_224),
        (layers.NO_CROSS_TALK, 60_965_224 - 442_368),  # half of conv3's 884,736 weights
        (Config(num_classes=20), 60_965_224 - 980 * 4_097),
    ],
)
def test_variant_parameters(variant: Config, num_parameters: int) -> None:
    assert variant.num_parameters == num_parameters


def test_names_in_order() -> None:
    names = "conv1 norm1 pool1 conv2 norm2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 fc8 prob"
    assert [row.name for row in PAPER.layers] == names.split()


def test_sizes() -> None:
    sizes = {row.name: row.size_px for row in PAPER.layers if row.kind in ("conv", "norm", "pool")}
    assert sizes == {
        "conv1": 55, "norm1": 55, "pool1": 27, "conv2": 27, "norm2": 27, "pool2": 13,
        "conv3": 13, "conv4": 13, "conv5": 13, "pool5": 6,
    }  # fmt: skip
    without_overlap = {row.name: row.size_px for row in layers.NO_OVERLAP.layers}
    assert (without_overlap["pool1"], without_overlap["pool2"], without_overlap["pool5"]) == (27, 13, 6)


def test_receptive_fields() -> None:
    fields = {
        name: (PAPER.layer[name].field_px, PAPER.layer[name].field_stride_px) for name in PUBLISHED if "conv" in name
    }
    assert fields == {"conv1": (11, 4), "conv2": (51, 8), "conv3": (99, 16), "conv4": (131, 16), "conv5": (163, 16)}
    assert (PAPER.layer["pool5"].field_px, PAPER.layer["pool5"].field_stride_px) == (195, 32)


def test_field_of_one_value() -> None:
    # conv1's last window begins at 4 * 54 = 216 and overhangs the crop by 3
    assert PAPER.layer["conv1"].field(54, 0) == (216, 0, 224, 11)
    # conv2 pads by 2 of pool1's pixels, 8 apart: its first field would begin at -16
    assert PAPER.layer["conv2"].field(0, 3) == (0, 8, 35, 59)
    assert PAPER.layer["fc6"].field(0, 0) == (0, 0, 224, 224)


def test_cross_gpu_traffic() -> None:
    assert [row.name for row in PAPER.layers if row.reads_both] == ["conv3", "fc6", "fc7", "fc8"]
    assert [row.name for row in PAPER.layers if row.groups == 2] == ["conv2", "conv4", "conv5"]
    assert PAPER.layer["conv1"].tower_units(1) == slice(48, 96)
    # 256 x 13 x 13 of pool2, 9,216 of pool5, 4,096 of fc6, and half of fc7's 4,096, in four bytes each
    assert PAPER.crossing_bytes == {"conv3": 173_056, "fc6": 36_864, "fc7": 16_384, "fc8": 8_192}
    assert not any(row.reads_both or row.groups == 2 for row in layers.ONE_TOWER.layers)


def test_config_survives_json() -> None:
    for config in (PAPER, layers.NO_LRN, layers.CODE_2012, Config(width=0.5, num_classes=20)):
        assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_width_that_towers_cannot_share() -> None:
    with pytest.raises(ValueError, match="conv1 has 9 units, which 2 towers cannot share"):
        Config(kernels=(9, 16, 16, 16, 16))


def test_half_width() -> None:
    half = dataclasses.replace(PAPER, width=0.5)
    assert half.scaled_kernels == (48, 128, 192, 192, 128)
    assert half.layer["conv2"].weight_shape == (128, 24, 5, 5)
