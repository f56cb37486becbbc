"""Dense evaluation against a slow computation that shares no code with it."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.explorer import Explorer
from model.layers import BVLC, LRN, Config
from tests.toys import TOY, picture, small, write_toy
from training.dense import check, dense_squares, slide, torch_net, torch_probabilities
from training.evaluate import DENSE, voter

CONV6 = dataclasses.replace(TOY, conv6=True)
ONE_TOWER = dataclasses.replace(TOY, towers=1, pool_px=2, lrn=None)


def normalized(maps: Tensor, towers: int, lrn: LRN) -> Tensor:
    """Section 3.3, channel by channel."""
    out, share = torch.empty_like(maps), maps.shape[0] // towers
    for channel in range(maps.shape[0]):
        start = channel // share * share
        near = maps[max(start, channel - lrn.n // 2) : min(start + share, channel + lrn.n // 2 + 1)]
        out[channel] = maps[channel] / (lrn.k + lrn.alpha * near.square().sum(0)) ** lrn.beta
    return out


def slow(weights: dict[str, Tensor], config: Config, square: Tensor) -> list[Tensor]:
    """Probabilities at each of a picture's places: maps of the whole square, then one window after the other."""
    x = F.pad(square, (0, 3, 0, 3))
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        row = config.layer[name]
        pad = row.pad[0]
        x = F.conv2d(x[None], weights[f"{name}.weight"], weights[f"{name}.bias"], row.stride, pad, 1, row.groups)[0]
        x = x.clamp(min=0)
        if name in ("conv1", "conv2") and config.lrn:
            x = normalized(x, config.towers, config.lrn)
        if name in ("conv1", "conv2", "conv5"):
            x = F.max_pool2d(x[None], config.pool_px, 2)[0]
    if config.conv6:
        x = F.conv2d(x[None], weights["conv6.weight"], weights["conv6.bias"], 1, 1)[0].clamp(min=0)
    assert x.shape[1:] == (7, 7)
    answers = []
    for row_start in range(2):
        for column in range(2):
            units = x[:, row_start : row_start + 6, column : column + 6].reshape(-1)
            units = (weights["fc6.weight"] @ units + weights["fc6.bias"]).clamp(min=0) / 2
            units = (weights["fc7.weight"] @ units + weights["fc7.bias"]).clamp(min=0) / 2
            answers.append((weights["fc8.weight"] @ units + weights["fc8.bias"]).softmax(0))
    return answers


def squares(count: int) -> npt.NDArray[np.uint8]:
    return np.stack([picture(seed) for seed in range(count)])


@pytest.mark.parametrize("config", [TOY, CONV6, ONE_TOWER], ids=["toy", "conv6", "one tower"])
def test_against_slow_computation(tmp_path: Path, config: Config) -> None:
    net = write_toy(tmp_path / "model.onnx", config)
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    inputs = dense_squares(squares(2), explorer.mean)
    found = torch_probabilities(slide(torch_net(explorer)))(inputs)
    assert found.shape == (2 * 2 * 4, 6)
    with torch.no_grad():
        wanted = [place for view in inputs for place in slow(net.state_dict(), config, torch.from_numpy(view))]
    assert np.ptp(found, axis=0).max() > 1e-4  # places differ, so their order is tested too
    np.testing.assert_allclose(found, torch.stack(wanted).numpy(), rtol=0, atol=1e-6)


def test_a_crop_has_one_place(tmp_path: Path) -> None:
    """On a 224-pixel input the slid net is the net."""
    write_toy(tmp_path / "model.onnx")
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    crops = np.random.default_rng(0).normal(0, 50, (3, 3, 224, 224)).astype(np.float32)
    plain, slid = (torch_probabilities(net)(crops) for net in (torch_net(explorer), slide(torch_net(explorer))))
    np.testing.assert_allclose(slid, plain, atol=1e-6)
    np.testing.assert_allclose(voter(explorer, DENSE).probabilities(crops), plain, atol=1e-6)


def test_networks_of_one_place_are_refused() -> None:
    check(TOY)
    with pytest.raises(ValueError, match=r"crops of 227 pixels leave 1 along a side\. Use --ten-crop"):
        check(small(BVLC))


def test_squares_and_their_mirror_images() -> None:
    mean = np.linspace(0, 200, 3 * 256 * 256, dtype=np.float32).reshape(3, 256, 256)
    found = dense_squares(squares(2), mean)
    assert found.shape == (4, 3, 256, 256)
    np.testing.assert_array_equal(found[2, 1, 7, 30], squares(2)[1, 7, 30, 1] - mean[1, 7, 30])
    np.testing.assert_array_equal(found[3], found[2][:, :, ::-1])
    np.testing.assert_array_equal(
        dense_squares(squares(1), np.asarray([1, 2, 3], np.float32))[0, :, 5, 5],
        squares(1)[0, 5, 5] - np.asarray([1, 2, 3], np.float32),
    )
