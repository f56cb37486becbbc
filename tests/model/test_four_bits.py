"""Weights in 4 bits: blocks by hand, and a network whose two fully connected layers are kept so."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from model import four_bits, onnx_file
from model.alexnet import AlexNet
from model.explorer import Explorer
from model.export import weights_of
from model.layers import PAPER
from tests.toys import picture, small, toy_net


def test_one_block_by_hand() -> None:
    """-8 .. 7 times a quarter is held exactly; two weights share a byte, the lower half first."""
    weights = np.zeros((1, 64), np.float32)
    weights[0, :4] = [-2, 1.75, 0.25, 0]
    codes, scales = four_bits.compress(weights)
    assert scales.tolist() == [[0.25]]
    assert codes.shape == (1, 1, 32)
    assert codes[0, 0, :3].tolist() == [0xF0, 0x89, 0x88]  # -8 + 8 and 7 + 8, 1 + 8 and 8, zeros
    np.testing.assert_array_equal(four_bits.restore(four_bits.Blocks(codes, scales), 64), weights)


def test_a_positive_peak_turns_the_scale_about() -> None:
    """Eight steps lie on one side of zero and seven on the other: the peak gets the eight."""
    weights = np.tile(np.asarray([2, 0], np.float32), (1, 32))
    codes, scales = four_bits.compress(weights)
    assert scales.tolist() == [[-0.25]]
    np.testing.assert_array_equal(four_bits.restore(four_bits.Blocks(codes, scales), 64), weights)


def test_zeros_and_rows_that_fill_no_block() -> None:
    weights = np.zeros((3, 100), np.float32)
    weights[1] = np.tile(np.asarray([-8, 7, 3, 0], np.float32), 25)
    blocks = four_bits.compress(weights)
    assert blocks.codes.shape == (3, 2, 32)
    np.testing.assert_array_equal(four_bits.restore(blocks, 100), weights)


def test_error_of_normal_weights() -> None:
    """As small as 15 steps of one scale a block allow: about a tenth of the weights' spread, and less than without the search."""
    weights = np.random.default_rng(0).normal(0, 0.01, (300, 640)).astype(np.float32)
    error = four_bits.restore(four_bits.compress(weights), 640) - weights
    assert 0.05 < error.std() / weights.std() < 0.105
    peaks = np.abs(weights.reshape(300, -1, 64)).max(2)
    plain = peaks / 7 / np.sqrt(12)  # steps of peak / 7 leave an even error
    assert error.std() < np.sqrt(np.square(plain).mean())


def test_network(tmp_path: Path) -> None:
    """Every activation is that of a net with the restored weights, gains and all, and near the full net's."""
    net = toy_net(dataclasses.replace(small(PAPER), fc_units=128))
    info = onnx_file.ModelInfo(
        config=net.config, classes=tuple((f"n{i}", f"{i}") for i in range(6)), mean=np.full(3, 100, np.float32)
    )
    full = weights_of(net.state_dict())
    onnx_file.write(tmp_path / "full.onnx", info, full)
    onnx_file.write(tmp_path / "small.onnx", info, full, onnx_file.COMPRESSIBLE)
    again, weights = onnx_file.read(tmp_path / "small.onnx")
    assert again.to_json() == info.to_json()
    for name, array in full.items():
        if name in ("fc6.weight", "fc7.weight"):
            assert weights[name].shape == array.shape
            assert 0 < np.abs(weights[name] - array).max() < 0.3 * np.abs(array).max()
        else:
            np.testing.assert_array_equal(weights[name], array)
    kept = {tensor.name for tensor in onnx.load(tmp_path / "small.onnx").graph.initializer}
    assert not kept & {"fc6.weight", "fc7.weight"}
    assert [onnx_file.is_compressed(tmp_path / f"{name}.onnx") for name in ("full", "small")] == [False, True]

    twin = AlexNet(net.config).eval()
    twin.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    seen = Explorer.open(tmp_path / "small.onnx", "cpu").run(picture(), {"fc6": 0.5})
    near = Explorer.open(tmp_path / "full.onnx", "cpu").run(picture(), {"fc6": 0.5})
    with torch.no_grad():
        fc6 = twin.activations(torch.from_numpy(seen.crop[None].copy()))["fc6"] * 0.5
        fc7 = torch.relu(torch.nn.functional.linear(fc6 * 0.5, twin.fc7.weight, twin.fc7.bias))
    np.testing.assert_allclose(seen["fc6"], fc6[0].numpy(), rtol=1e-4, atol=1e-4 * fc6.max().item())
    np.testing.assert_allclose(seen["fc7"], fc7[0].numpy(), rtol=1e-4, atol=1e-4 * fc7.max().item())
    assert 0 < np.linalg.norm(seen["fc7"] - near["fc7"]) < 0.15 * np.linalg.norm(near["fc7"])


def test_a_model_opens_without_restoring_what_nobody_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = toy_net(dataclasses.replace(small(PAPER), fc_units=128))
    classes = tuple((f"n{i}", f"{i}") for i in range(6))
    info = onnx_file.ModelInfo(config=net.config, classes=classes, mean=np.full(3, 100, np.float32))
    onnx_file.write(tmp_path / "small.onnx", info, weights_of(net.state_dict()), onnx_file.COMPRESSIBLE)
    restored: list[int] = []
    restore = four_bits.restore

    def counted(blocks: four_bits.Blocks, reads: int) -> four_bits.Array:
        restored.append(reads)
        return restore(blocks, reads)

    monkeypatch.setattr(four_bits, "restore", counted)
    weights = Explorer.open(tmp_path / "small.onnx", "cpu").weights
    assert weights["conv5.weight"].shape == net.conv5.weight.shape
    assert restored == []
    assert weights["fc7.weight"] is weights["fc7.weight"]
    assert restored == [128]
    assert not weights["fc7.weight"].flags.writeable


@pytest.mark.slow
def test_size_of_the_papers_net(tmp_path: Path) -> None:
    """The paper's net for 200 classes fits 45 MB, mean picture and all."""
    config = dataclasses.replace(PAPER, num_classes=200)
    noise = np.random.default_rng(0)
    weights = {}
    for row in config.layers:
        if row.weight_shape:
            weights[f"{row.name}.weight"] = noise.normal(0, 0.01, row.weight_shape).astype(np.float32)
            weights[f"{row.name}.bias"] = np.zeros(row.units, np.float32)
    classes = tuple((f"n{i:08}", f"class {i}") for i in range(200))
    mean = noise.normal(110, 1, (3, 256, 256)).astype(np.float32)
    info = onnx_file.ModelInfo(config=config, classes=classes, mean=mean)
    onnx_file.write(tmp_path / "model.onnx", info, weights, onnx_file.COMPRESSIBLE)
    assert (tmp_path / "model.onnx").stat().st_size < 45e6
