"""Every value spelled out is the network's own; small cases by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from model import window
from model.explorer import Activations, Explorer
from model.layers import (
    BVLC,
    CAFFENET,
    CODE_2012,
    CONV6,
    NO_CROSS_TALK,
    NO_DROPOUT,
    NO_LRN,
    NO_OVERLAP,
    ONE_COLUMN,
    TANH,
    TORCHVISION,
    WITHOUT_CONV3,
    Config,
    Layer,
)
from model.preprocess import CENTRE
from model.steps import Normalisation, Place, Pooling, Softmax, WeightedSum
from tests.test_shipped_model import MODEL
from tests.toys import TOY, picture, small, write_toy

VARIANTS = {
    "two towers": TOY, "one column": small(ONE_COLUMN), "tanh": small(TANH), "2012 code": small(CODE_2012),
    "no LRN": small(NO_LRN), "2x2 pooling": small(NO_OVERLAP), "no cross-talk": small(NO_CROSS_TALK),
    "conv6": small(CONV6), "no dropout": small(NO_DROPOUT), "without conv3": small(WITHOUT_CONV3),
    "torchvision": small(TORCHVISION), "bvlc": small(BVLC), "caffenet": small(CAFFENET),
}  # fmt: skip
ROUNDING = 2.0**-23


@pytest.fixture(scope="module")
def shipped() -> Explorer:
    return Explorer.open(MODEL, "cpu")


def toy(folder: Path, config: Config = TOY) -> Explorer:
    write_toy(folder / "model.onnx", config)
    return Explorer.open(folder / "model.onnx", "cpu")


def places(row: Layer) -> list[tuple[int, int, int]]:
    """Corners, edges and the middle, in the first and last unit of each tower and one between."""
    end = row.size_px - 1
    spots = sorted({(0, 0), (0, end), (end, 0), (end, end), (end // 2, end // 3), (0, end // 2)})
    half = row.units // 2
    return [(unit, *spot) for unit in sorted({0, half - 1, half, row.units - 1, row.units // 3}) for spot in spots]


def rounding(step: Any) -> float:
    """What float32 may lose: a few roundings of all that is added, seen through the gain."""
    if isinstance(step, WeightedSum):
        added = step.halved * float(np.abs(step.products).sum()) + abs(step.bias)
        return 8 * ROUNDING * (added * abs(step.gain) + abs(step.output))
    return 16 * ROUNDING * max(abs(float(step.output)), 1e-30)


def check_all(explorer: Explorer, gains: Mapping[str, npt.ArrayLike] | None = None) -> None:
    seen = explorer.run(picture(3), gains)
    for row in explorer.config.layers:
        values = seen[row.name].reshape(row.units, row.size_px, row.size_px)
        alive = [tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))]
        for unit, y, x in places(row) + alive:
            steps = window.chain(explorer, seen, row.name, unit, y, x, gains)
            assert steps[-1].place == Place(row.name, unit, y, x)
            later = window.uses(explorer, seen, row.name, unit, y, x)
            for step in (*steps, *later):
                own = window.value_of(explorer, seen, step.place)
                assert abs(step.output - own) <= rounding(step), (step.place, step.output, own)


def test_shipped_network(shipped: Explorer) -> None:
    check_all(shipped)


def test_shipped_network_with_lesions(shipped: Explorer) -> None:
    gains = {
        name: np.linspace(0, 2, shipped.config.layer[name].units, dtype=np.float32) for name in shipped.config.gained
    }
    check_all(shipped, {**gains, "conv4": 0.5, "cross_talk": 0.25})


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_variants(tmp_path: Path, config: Config) -> None:
    explorer = toy(tmp_path, config)
    check_all(explorer)
    gains: dict[str, npt.ArrayLike] = {"conv1": 0.5, "fc6": [0, 2] * 16}
    if "conv3" in config.layer and config.layer["conv3"].reads_both:
        gains["cross_talk"] = 0.0
    check_all(explorer, gains)


@dataclasses.dataclass
class Net:
    """As much of an Explorer as `window` reads, with numbers that a head can add."""

    config: Config
    weights: Mapping[str, npt.NDArray[np.float32]]
    mean: npt.NDArray[np.float32]


def by_hand(config: Config = TOY, **arrays: npt.NDArray[np.float32]) -> tuple[Any, Activations]:
    """A network of zeros with a white picture less a mean of 250, but for the activations and weights given."""
    weights = {
        f"{row.name}.weight": np.zeros(row.weight_shape, np.float32) for row in config.layers if row.weight_shape
    }
    weights |= {f"{row.name}.bias": np.zeros(row.units, np.float32) for row in config.layers}
    layers = {row.name: np.zeros(row.shape, np.float32) for row in config.layers}
    given = {name.replace("_", "."): array for name, array in arrays.items()}
    layers |= {name: array for name, array in given.items() if name in layers}
    weights |= {name: array for name, array in given.items() if name not in layers}
    white = np.full((256, 256, 3), 255, np.uint8)
    crop = np.full((3, 224, 224), 5, np.float32)
    seen = Activations(MappingProxyType(layers), (), white, crop, CENTRE, {}, "")
    return Net(config, weights, np.full(3, 250, np.float32)), seen


def test_conv1_by_hand() -> None:
    """White less 250 is 5. Red weighs 1, green -0.5, blue nothing: at the last corner 8 x 8 of 11 x 11 lie inside."""
    weight = np.zeros((8, 3, 11, 11), np.float32)
    weight[2, 0], weight[2, 1] = 1, -0.5
    bias = np.asarray([0, 0, 7, 0, 0, 0, 0, 0], np.float32)
    net, seen = by_hand(conv1_weight=weight, conv1_bias=bias)
    first, last = (window.convolution(net, seen, "conv1", 2, at, at, {"conv1": 2.0}) for at in (0, 54))
    np.testing.assert_array_equal(first.sums, [605, -302.5, 0])  # 121 x 5
    assert (first.total, first.before, first.after, first.output) == (302.5, 309.5, 309.5, 619.0)
    np.testing.assert_array_equal(last.sums, [320, -160, 0])  # 64 x 5
    assert (last.top, last.left) == (216, 216)
    assert last.inside.sum() == 64
    assert not last.patch[:, 8:].any()
    assert not last.patch[:, :, 8:].any()
    colours = window.colours_of(net, seen, last)
    assert colours[7, 7].tolist() == [255, 255, 255]
    assert colours[8, 0].tolist() == colours[0, 8].tolist() == [128, 128, 128]


def test_colours_are_the_pictures(shipped: Explorer) -> None:
    seen = shipped.run(picture(3))
    step = window.convolution(shipped, seen, "conv1", 0, 10, 20)
    np.testing.assert_array_equal(window.colours_of(shipped, seen, step), seen.square[56:67, 96:107])


def test_zeros_before_the_crop(tmp_path: Path) -> None:
    """torchvision's two rows above and left of the crop: the first window begins at -2, and its rim is grey."""
    explorer = toy(tmp_path, small(TORCHVISION))
    seen = explorer.run(picture(3))
    step = window.convolution(explorer, seen, "conv1", 0, 0, 0)
    assert (step.top, step.left) == (-2, -2)
    colours = window.colours_of(explorer, seen, step)
    assert (colours[:2] == 128).all()
    assert (colours[:, :2] == 128).all()
    np.testing.assert_array_equal(colours[2:, 2:], seen.square[16:25, 16:25])


def test_caffenets_norm_follows_its_pooling(tmp_path: Path) -> None:
    explorer = toy(tmp_path, small(CAFFENET))
    seen = explorer.run(picture(3))
    assert [step.place.layer for step in window.chain(explorer, seen, "norm1", 0, 5, 5)] == ["conv1", "pool1", "norm1"]
    assert [step.place.layer for step in window.uses(explorer, seen, "pool1", 0, 5, 5)] == ["norm1"]


def test_towers_and_cross_talk_by_hand() -> None:
    """TOY: conv2 reads 4 of 8 maps, conv3 all 16, 8 of which come from the other GPU."""
    net, seen = by_hand(
        pool1=np.ones((8, 27, 27), np.float32), conv2_weight=np.ones((16, 4, 5, 5), np.float32),
        pool2=np.ones((16, 13, 13), np.float32), conv3_weight=np.ones((16, 16, 3, 3), np.float32),
    )  # fmt: skip
    corner = window.convolution(net, seen, "conv2", 9, 0, 0)
    assert corner.channels.tolist() == [4, 5, 6, 7]  # GPU2's
    assert (corner.top, corner.left, corner.output) == (-2, -2, 4 * 9.0)  # 3 x 3 of 5 x 5 lie inside
    for unit, other in ((0, slice(8, 16)), (8, slice(0, 8))):
        both = window.convolution(net, seen, "conv3", unit, 5, 5, {"cross_talk": 0.25})
        assert both.channels.tolist() == list(range(16))
        assert both.crosses[other].all()
        assert both.crosses.sum() == 8
        assert both.output == 9 * (8 + 8 * 0.25)


def test_strongest_first() -> None:
    weight = np.zeros((16, 4, 5, 5), np.float32)
    weight[0, :, 2, 2] = [1, -3, 0, 2]
    net, seen = by_hand(pool1=np.ones((8, 27, 27), np.float32), conv2_weight=weight)
    step = window.convolution(net, seen, "conv2", 0, 9, 9)
    assert step.channels[step.strongest].tolist() == [1, 3, 0, 2]
    assert (step.total, step.output) == (0, 0)


def test_normalisation_by_hand() -> None:
    """Within a tower of 4 maps: map 3, GPU1's last, has two neighbours below and none above."""
    maps = np.zeros((8, 55, 55), np.float32)
    maps[:, 1, 2] = [9, 1, 2, 3, 100, 100, 100, 100]
    net, seen = by_hand(conv1=maps)
    step = window.normalisation(net, seen, "norm1", 3, 1, 2)
    assert step.maps.tolist() == [1, 2, 3]
    assert step.total == 1 + 4 + 9
    assert step.base == pytest.approx(2.0014)
    assert step.output == pytest.approx(3 / 2.0014**0.75)


def test_spatial_normalisation_by_hand() -> None:
    """Nine of 25 places lie inside at a corner; the mean counts all 25."""
    net, seen = by_hand(small(CODE_2012), norm2=np.full((16, 27, 27), 50, np.float32))
    step = window.normalisation(net, seen, "spatial2", 0, 0, 0)
    assert step.total == 9 * 2500
    assert step.base == pytest.approx(1 + 0.001 * 900)
    assert step.output == pytest.approx(50 / 1.9**0.75)


def test_pooling_by_hand() -> None:
    maps = np.zeros((8, 55, 55), np.float32)
    maps[0, 2:5, 2:5] = [[1, 2, 3], [4, 9, 5], [6, 9, 7]]
    net, seen = by_hand(norm1=maps)
    step = window.pooling(net, seen, "pool1", 0, 1, 1)
    assert step.output == 9
    assert step.winner == (3, 3)  # the first of two nines
    assert step.windows.tolist() == [[4, 2, 4], [2, 1, 2], [4, 2, 4]]
    corner = window.pooling(net, seen, "pool1", 0, 0, 26)
    assert corner.windows.tolist() == [[2, 1, 1], [2, 1, 1], [4, 2, 2]]  # nothing above and to the right
    net, seen = by_hand(small(NO_OVERLAP))
    assert window.pooling(net, seen, "pool1", 0, 1, 1).windows.tolist() == [[1, 1], [1, 1]]


def test_fully_connected_by_hand() -> None:
    """fc7 halves what dropout thinned in training; fc6 reads whole maps."""
    weight7, weight6 = np.zeros((32, 32), np.float32), np.zeros((32, 16 * 36), np.float32)
    weight7[0, :2], weight6[0, 36:72] = [3, -1], 0.5
    net, seen = by_hand(
        fc6=np.ones(32, np.float32), fc7_weight=weight7, fc7_bias=np.full(32, 0.25, np.float32),
        pool5=np.full((16, 6, 6), 2, np.float32), fc6_weight=weight6,
    )  # fmt: skip
    seventh = window.fully_connected(net, seen, "fc7", 0)
    assert (seventh.total, seventh.halved, seventh.before) == (2, 0.5, 1.25)
    sixth = window.fully_connected(net, seen, "fc6", 0)
    assert sixth.kernel.shape == (16, 6, 6)
    assert sixth.sums.tolist() == [0, 36, *[0] * 14]
    assert sixth.crosses.tolist() == [False] * 8 + [True] * 8
    assert sixth.halved == 1


def test_softmax_by_hand() -> None:
    net, seen = by_hand(fc8=np.log(np.asarray([1, 2, 3, 4, 5, 5], np.float32)))
    assert window.softmax(net, seen, 3).output == pytest.approx(0.2)
    assert [type(step) for step in window.chain(net, seen, "prob", 3)] == [WeightedSum, Softmax]


def test_chain_goes_through_the_place_that_won() -> None:
    maps = np.zeros((8, 55, 55), np.float32)
    maps[1, 6, 5] = 3
    net, seen = by_hand(norm1=maps)
    steps = window.chain(net, seen, "pool1", 1, 2, 2)
    assert [type(step) for step in steps] == [WeightedSum, Normalisation, Pooling]
    assert [step.place for step in steps] == [Place("conv1", 1, 6, 5), Place("norm1", 1, 6, 5), Place("pool1", 1, 2, 2)]


def test_uses_of_a_value() -> None:
    """A place with even row and column lies in four windows, one at the edge in one, one behind the last in none."""
    net, seen = by_hand()
    around = window.uses(net, seen, "conv1", 0, 6, 6)
    pools = [(2, 2), (2, 3), (3, 2), (3, 3)]
    assert [step.place for step in around] == [Place("norm1", 0, 6, 6), *(Place("pool1", 0, *at) for at in pools)]
    assert [step.place for step in window.uses(net, seen, "norm1", 0, 0, 54)] == [Place("pool1", 0, 0, 26)]
    assert window.uses(net, seen, "pool1", 0, 0, 0) == window.uses(net, seen, "conv3", 0, 0, 0) == ()
    apart, dull = by_hand(small(NO_OVERLAP))
    assert [step.place.layer for step in window.uses(apart, dull, "conv1", 0, 54, 0)] == ["norm1"]


def test_wrong_places() -> None:
    net, seen = by_hand()
    with pytest.raises(ValueError, match="norm1 cannot be spelled out so in this network; choose among conv1, conv2"):
        window.convolution(net, seen, "norm1", 0, 0, 0)
    with pytest.raises(ValueError, match="choose from 0 to 7, and rows and columns from 0 to 54"):
        window.chain(net, seen, "conv1", 0, 55, 0)
    with pytest.raises(ValueError, match="conv1 has no value at unit -1"):
        window.uses(net, seen, "conv1", -1, 0, 0)
