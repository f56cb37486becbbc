"""What is looked at, as plain data: lesions by hand, edits by hand, and the way to an address and back."""

import numpy as np
import pytest

from app.view import Edits, Lesions, View
from model.layers import NO_CROSS_TALK, ONE_TOWER, PAPER
from model.preprocess import CENTRE
from model.preprocess import View as CropView
from tests.toys import TOY


def test_gpu2_is_the_second_half_of_every_layer() -> None:
    gains = Lesions({"gpu2": 1.0}).gains(PAPER)
    assert sorted(gains) == ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"]
    for name, half in (("conv1", 48), ("conv2", 128), ("fc7", 2048)):
        gain = np.asarray(gains[name])
        assert (gain[:half] == 1).all(), name
        assert (gain[half:] == 0).all(), name


def test_a_share_is_so_many_units_and_grows() -> None:
    some, more = (np.asarray(Lesions({"conv3": share}).gains(PAPER)["conv3"]) for share in (0.25, 0.5))
    assert (some == 0).sum() == 96  # a quarter of 384
    assert (more == 0).sum() == 192
    assert set(np.flatnonzero(some == 0)) < set(np.flatnonzero(more == 0))  # always the same ones first


def test_a_unit_is_dimmed() -> None:
    gains = Lesions({"conv5.17": 0.25}).gains(PAPER)
    assert np.asarray(gains["conv5"])[16] == 0.75
    assert (np.asarray(gains["conv5"]) != 1).sum() == 1
    assert Lesions({"conv5.17": 0.25}).muted(PAPER) == {"conv5": [16]}


def test_cross_talk() -> None:
    lesions = Lesions({"cross_talk": 0.3})
    assert lesions.gains(PAPER) == {"cross_talk": pytest.approx(0.7)}
    assert lesions.gains(ONE_TOWER) == {}
    assert lesions.gains(NO_CROSS_TALK) == {}


def test_targets_of_another_network_do_nothing() -> None:
    mixed = Lesions(
        {"gpu2": 1.0, "foo.7": 0.5, "conv3.385": 1.0, "conv3": 0.2, "conv3.384": 0.1, "cross_talk": 1.0, "conv1.": 1.0}
    )
    assert mixed.fitting(PAPER).amounts == {"gpu2": 1.0, "conv3": 0.2, "conv3.384": 0.1, "cross_talk": 1.0}
    assert mixed.fitting(ONE_TOWER).amounts == {"conv3": 0.2, "conv3.384": 0.1}
    assert Lesions({"conv9": 1.0, "conv1.4000": 1.0, "gpu2": 0.0}).gains(PAPER) == {}
    assert Lesions({"gpu2": 1.0}).gains(ONE_TOWER) == {}


def test_healing_leaves_nothing() -> None:
    lesions = Lesions().with_amount("gpu1", 0.5).with_amount("gpu1", 0)
    assert lesions == Lesions()
    assert not lesions
    assert Lesions().with_amount("gpu1", 7).amount("gpu1") == 1.0


def test_edits_choose_the_crop() -> None:
    axes = np.asarray([[100, 50, 0], [0, 10, 0], [0, 0, 1]], np.float32)
    assert Edits().crop_view(axes) == CENTRE
    assert Edits(mirror=True, down=-16, right=16).crop_view(axes) == CropView(0, 32, mirror=True)
    assert Edits(down=-16, right=16).crop_view(axes, 227) == CropView(0, 29, crop_px=227)  # no room for more
    assert Edits(colour=(0.1, -0.2, 0)).crop_view(axes).colour == pytest.approx((10, 3, 0))


def test_paint_by_hand() -> None:
    bits = np.zeros((256, 256), np.uint8)
    bits[3, 5:8] = 1
    square = np.full((256, 256, 3), 200, np.uint8)
    painted = Edits(paint=np.packbits(bits).tobytes()).painted(square, np.asarray([1, 2, 3], np.uint8))
    assert painted[3, 4:9].tolist() == [[200] * 3, [1, 2, 3], [1, 2, 3], [1, 2, 3], [200] * 3]
    assert (painted != square).any(2).sum() == 3
    assert Edits().painted(square, np.zeros(3, np.uint8)) is square


VIEW = View(
    model="m", sample="rocket", layer="conv3", unit=16, place=(0, 12), tab="why",
    lesions=Lesions({"gpu2": 1.0, "cross_talk": 0.5, "conv3.17": 0.25}),
    edits=Edits(mirror=True, down=-4, right=8, colour=(0.1, 0.0, -0.05)), present=True, sort="colour", ten=True, cam=True, map="umap3",
    by="error",
)  # fmt: skip


def test_address_and_back() -> None:
    parts = VIEW.to_address()
    assert parts["unit"] == "17"  # units count from 1 on the screen
    assert parts["at"] == "1~13"
    assert parts["mute"] == "gpu2-100~cross_talk-50~conv3.17-25"
    assert View.from_address(parts) == VIEW
    assert View.from_address({}) == View()
    assert View().to_address() == {}


@pytest.mark.parametrize(
    "parts",
    [{"unit": "-3"}, {"unit": "x"}, {"at": "5"}, {"at": "a~b"}, {"mute": "gpu2"}, {"mute": "~~-5~x-nan"}, {"shift": "9~~"},
     {"colour": "1~2"}, {"colour": "nan~0~0"}, {"colour": "inf~0~0"}, {"unit": "9" * 400}],
)  # fmt: skip
def test_nonsense_is_as_if_it_were_not_there(parts: dict[str, str]) -> None:
    view = View.from_address(parts)
    assert view.to_address().keys() <= {"shift"}
    assert abs(view.edits.down) <= 16


def test_another_network_has_other_units() -> None:
    assert View(layer="conv9", unit=3).fitting(TOY) == View(layer="conv1")
    assert View(layer="conv3", unit=16, place=(1, 1)).fitting(TOY) == View(layer="conv3")  # the toy has 16 units
    assert View(layer="conv3", unit=15, place=(13, 0)).fitting(TOY) == View(layer="conv3", unit=15)
    assert VIEW.fitting(PAPER) == VIEW
