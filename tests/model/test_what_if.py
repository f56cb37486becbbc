"""Layers under other settings: at its own settings the network's own values; elsewhere numbers by hand."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from model import what_if
from model.explorer import Array, Explorer
from model.layers import CODE_2012, LRN, NO_DROPOUT, ONE_TOWER, TANH, TORCHVISION, Config
from tests.toys import TOY, picture, small, write_toy

VARIANTS = {"two towers": TOY, "one tower": small(ONE_TOWER), "no dropout": small(NO_DROPOUT)}


def toy(folder: Path, config: Config = TOY) -> Explorer:
    write_toy(folder / "model.onnx", config)
    return Explorer.open(folder / "model.onnx", "cpu")


@pytest.mark.parametrize("config", [*VARIANTS.values(), small(TANH)], ids=[*VARIANTS, "tanh"])
def test_sums_of_conv1(tmp_path: Path, config: Config) -> None:
    explorer = toy(tmp_path, config)
    seen = explorer.run(picture(1))
    sums = what_if.sums_of_conv1(explorer, seen)
    function = np.tanh if config.activation == "tanh" else lambda values: np.maximum(values, 0)
    assert sums.shape == seen["conv1"].shape
    np.testing.assert_allclose(function(sums), seen["conv1"], rtol=1e-4, atol=1e-4 * np.abs(sums).max())


def divisors(maps: Array, lrn: LRN, towers: int) -> npt.NDArray[np.float64]:
    return np.stack([what_if.divisor(maps, unit, lrn, towers) for unit in range(len(maps))])


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_divisors_and_pooled_are_the_networks_own(tmp_path: Path, config: Config) -> None:
    explorer = toy(tmp_path, config)
    seen = explorer.run(picture(2))
    assert config.lrn
    norm1 = seen["conv1"] / divisors(seen["conv1"], config.lrn, config.towers)
    np.testing.assert_allclose(norm1, seen["norm1"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(what_if.pooled(seen["norm1"], 3, 2), seen["pool1"])


def test_divisors_by_hand() -> None:
    maps = np.array([1.0, 2.0, 3.0, 4.0], np.float32)[:, None, None]
    lrn = LRN(k=1, n=3, alpha=1, beta=1)
    # one tower: 1+1+4, 1+1+4+9, 1+4+9+16, 1+9+16; two: 1 and the squares of a pair
    assert divisors(maps, lrn, 1).ravel() == pytest.approx([6, 15, 30, 26])
    assert divisors(maps, lrn, 2).ravel() == pytest.approx([6, 6, 26, 26])
    silent = np.array([0.0, 5.0], np.float32)[:, None, None]
    assert divisors(silent, lrn, 1).ravel() == pytest.approx([26, 26])  # a silent unit hears a loud neighbour


def test_pooled_by_hand() -> None:
    maps = np.arange(25, dtype=np.float32).reshape(1, 5, 5)
    assert what_if.pooled(maps, 3, 2).tolist() == [[[12, 14], [22, 24]]]
    assert what_if.pooled(maps, 2, 2).tolist() == [[[6, 8], [16, 18]]]


def test_windows_over() -> None:
    assert what_if.windows_over(7, 3, 2).tolist() == [1, 1, 2, 1, 2, 1, 1]
    assert what_if.windows_over(7, 2, 2).tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert what_if.windows_over(5, 1, 2).tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    "config",
    [TOY, small(NO_DROPOUT), small(CODE_2012), small(TORCHVISION)],
    ids=["dropout", "none", "2012 code", "torchvision"],
)
def test_thinned_networks_are_those_of_training(tmp_path: Path, config: Config) -> None:
    """By torch, from pool5 on: masks of zeros and ones, nothing halved; torchvision's dropout doubles what is left."""
    explorer = toy(tmp_path, config)
    seen = explorer.run(picture(3))
    weights = {name: torch.tensor(value) for name, value in explorer.weights.items()}
    random, expected = np.random.default_rng(7), []
    for _ in range(3):
        x = torch.tensor(seen["pool5"]).flatten()
        for name in ("fc6", "fc7"):
            mask = torch.tensor(random.integers(0, 2, config.layer[name].units).astype(np.float32))
            mask *= 2 if config == small(TORCHVISION) else 1
            x = torch.relu(weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]) * mask
        expected.append((weights["fc8.weight"] @ x + weights["fc8.bias"]).softmax(0).numpy())
    np.testing.assert_allclose(what_if.thinned(explorer, seen, 3, 7), np.stack(expected), rtol=1e-4, atol=1e-6)


def test_descent_by_hand() -> None:
    # slope at 1: 0.2 - 0.15 - 0.5 - 0.1 = -0.55; v = -0.5 * 0.1 * 1 + 0.1 * 0.55 = 0.005
    w, v = what_if.descent(1.0, 2, lr=0.1, momentum=0.9, decay=0.5)
    assert v[1] == pytest.approx(0.005)
    assert w[1] == pytest.approx(1.005)
    slope = 0.2 * 1.005**3 - 0.15 * 1.005**2 - 0.5 * 1.005 - 0.1
    assert v[2] == pytest.approx(0.9 * 0.005 - 0.5 * 0.1 * 1.005 - 0.1 * slope)
    assert w[2] == pytest.approx(1.005 + v[2])


def test_the_slope_is_the_hills() -> None:
    for w in (-2.0, -0.3, 0.0, 1.7):
        assert what_if.hill_slope(w) == pytest.approx(float(what_if.hill(w + 1e-5) - what_if.hill(w - 1e-5)) / 2e-5)
