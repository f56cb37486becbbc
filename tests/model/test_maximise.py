"""Activation maximisation: it climbs, it repeats itself, and its pictures are what ONNX Runtime finds them to be."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from model.explorer import Explorer
from model.gradients import Gradients
from model.layers import CAFFENET, CODE_2012, CONV6, Config
from tests.toys import TOY, small, write_toy

CODE = small(CODE_2012)


def opened(folder: Path, config: Config = TOY) -> tuple[Gradients, Explorer]:
    write_toy(folder / "model.onnx", config)
    return Gradients.open(folder / "model.onnx", "cpu"), Explorer.open(folder / "model.onnx", "cpu")


@pytest.mark.parametrize("layer", ["conv1", "norm1", "pool1", "conv2", "conv3", "conv5", "pool5", "fc7", "fc8"])
def test_it_climbs(layer: str, tmp_path: Path) -> None:
    gradients, _ = opened(tmp_path)
    previews = list(gradients.maximise(layer, 1, steps=10))
    assert [(p.step, p.steps) for p in previews] == [(0, 10), (4, 10), (8, 10), (10, 10)]
    assert previews[-1].value > previews[0].value
    assert previews[-1].value > 0 or layer == "fc8"


@pytest.mark.parametrize(
    ("config", "layer"),
    [(config, layer) for config in (TOY, CODE, small(CONV6)) for layer in ("conv1", "conv2", "conv5", "pool5", "fc8")]
    + [
        (small(CONV6), "conv6"),
        (CODE, "pool1"),
        (CODE, "spatial2"),
        (small(CAFFENET), "norm2"),
        (small(CAFFENET), "fc8"),
    ],
)
def test_the_value_is_the_networks_own(config: Config, layer: str, tmp_path: Path) -> None:
    """The window, put into any crop at the centre unit's field, makes the unit say the same in ONNX Runtime."""
    gradients, explorer = opened(tmp_path, config)
    row, gains = config.layer[layer], {"conv1": 0.5, "cross_talk": 0.3}
    *_, last = gradients.maximise(layer, 2, steps=6, gains=gains)
    crop = np.random.default_rng(0).integers(0, 256, (config.crop_px, config.crop_px, 3)).astype(np.float32)
    centre = (row.size_px - 1) // 2
    top, left, bottom, right = row.field(centre, centre)
    if row.kind == "fc" or bottom - top < row.field_px:
        top, left, bottom, right = 0, 0, config.crop_px, config.crop_px
    assert last.picture.shape == (bottom - top, right - left, 3)
    crop[top:bottom, left:right] = last.picture
    seen = explorer.activations((crop - 100).transpose(2, 0, 1)[None], (layer,), gains)[layer][0, 2]
    value = seen if row.kind == "fc" else seen[centre, centre]
    assert last.value == pytest.approx(float(value), rel=1e-3, abs=1e-4)


def test_sides(tmp_path: Path) -> None:
    """The receptive fields of the paper's table; a field that ends outside the crop shows the whole crop."""
    gradients, _ = opened(tmp_path)
    sides = {name: next(gradients.maximise(name, 0)).picture.shape for name in TOY.layer if name != "prob"}
    assert sides == {
        name: (side, side, 3)
        for name, side in {
            "conv1": 11, "norm1": 11, "pool1": 19, "conv2": 51, "norm2": 51, "pool2": 67, "conv3": 99, "conv4": 131,
            "conv5": 163, "pool5": 195, "fc6": 224, "fc7": 224, "fc8": 224,
        }.items()
    }  # fmt: skip


def test_the_mean_may_be_a_colour(tmp_path: Path) -> None:
    """The toy's mean picture is 100 everywhere."""
    gradients, explorer = opened(tmp_path)
    info = dataclasses.replace(explorer.info, mean=np.full(3, 100, np.float32))
    for one, other in zip(
        gradients.maximise("pool5", 0, steps=4),
        Gradients(info, explorer.weights, "cpu").maximise("pool5", 0, steps=4),
        strict=True,
    ):
        np.testing.assert_array_equal(one.picture, other.picture)


def test_the_seed_decides(tmp_path: Path) -> None:
    gradients, _ = opened(tmp_path)
    first, again, other = ([*gradients.maximise("conv3", 4, steps=6, seed=seed)][-1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.picture, again.picture)
    assert first.value == again.value
    assert (first.picture != other.picture).any()


def test_conv1_answers_most_to_its_kernel(tmp_path: Path) -> None:
    """What stays of the noise aside, the picture less the mean is the kernel."""
    gradients, explorer = opened(tmp_path)
    *_, last = gradients.maximise("conv1", 3, steps=40)
    found = last.picture.transpose(2, 0, 1).ravel() - 100.0
    kernel = explorer.weights["conv1.weight"][3].ravel()
    assert found @ kernel / np.linalg.norm(found) / np.linalg.norm(kernel) > 0.98


def test_a_dead_unit_stays_noise(tmp_path: Path) -> None:
    gradients, _ = opened(tmp_path)
    previews = list(gradients.maximise("conv3", 1, steps=4, gains={"conv3": 0}))
    assert [p.value for p in previews] == [0, 0]
    np.testing.assert_array_equal(previews[0].picture, previews[1].picture)


def test_errors(tmp_path: Path) -> None:
    gradients, _ = opened(tmp_path)
    with pytest.raises(ValueError, match="0 steps lead nowhere"):
        gradients.maximise("conv1", 0, steps=0)
    with pytest.raises(ValueError, match="pool1 takes no gain"):
        next(gradients.maximise("conv1", 0, gains={"pool1": 0}))
    with pytest.raises(ValueError, match="conv1 has units 0 to 7; there is no unit 9"):
        gradients.maximise("conv1", 9)
