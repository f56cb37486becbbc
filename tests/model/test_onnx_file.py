"""The ONNX file against torch, activation by activation; its gains; what it says of itself."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
import torch

from model import onnx_file
from model.explorer import Explorer
from model.layers import PAPER, Config
from tests.model.test_alexnet import VARIANTS
from tests.toys import TOY, picture, small, toy_net, write_toy


def crops_of(crop_px: int) -> npt.NDArray[np.float32]:
    return np.stack([picture(seed, crop_px, crop_px).transpose(2, 0, 1) for seed in range(3)]).astype(np.float32) - 110


CROPS = crops_of(224)


def assert_parity(config: Config, path: Path) -> None:
    net, crops = write_toy(path, config), crops_of(config.crop_px)
    with torch.no_grad():
        expected = net.activations(torch.from_numpy(crops))
    found = Explorer.open(path, "cpu").activations(crops, tuple(row.name for row in config.layers))
    for name, array in found.items():
        scale = expected[name].abs().max().item()
        assert scale > 0, name
        assert np.abs(array - expected[name].numpy()).max() <= 1e-4 * scale, name


@pytest.mark.parametrize("config", [small(variant) for variant in VARIANTS.values()], ids=VARIANTS)
def test_parity_of_every_activation(config: Config, tmp_path: Path) -> None:
    assert_parity(config, tmp_path / "model.onnx")


@pytest.mark.slow
def test_parity_at_full_size(tmp_path: Path) -> None:
    assert_parity(dataclasses.replace(PAPER, num_classes=20), tmp_path / "model.onnx")


def test_gain_mutes_a_kernel(tmp_path: Path) -> None:
    """A gain of 0 is the same as a kernel and bias of 0; a gain of 2 doubles the map."""
    net = write_toy(tmp_path / "model.onnx")
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    gains = np.ones(8, np.float32)
    gains[3] = 0
    muted = explorer.run(picture(), {"conv1": gains})
    with torch.no_grad():
        net.conv1.weight[3] = 0
        net.get_parameter("conv1.bias")[3] = 0
        crop = torch.from_numpy(picture()[16:240, 16:240].astype(np.float32) - 100).permute(2, 0, 1)[None]
        expected = net.activations(crop)
    for name in ("conv1", "conv5", "fc7", "prob"):
        np.testing.assert_allclose(muted[name], expected[name][0].numpy(), rtol=1e-3, atol=1e-5)
    assert muted["conv1"][3].max() == 0
    plain, doubled = explorer.run(picture()), explorer.run(picture(), {"fc6": 2.0})
    np.testing.assert_allclose(doubled["fc6"], 2 * plain["fc6"], rtol=1e-6)


def test_cutting_cross_talk(tmp_path: Path) -> None:
    """cross_talk 0 is the same as conv3 without its weights across towers."""
    net = write_toy(tmp_path / "model.onnx")
    cut = Explorer.open(tmp_path / "model.onnx", "cpu").activations(CROPS, ("conv3", "prob"), {"cross_talk": 0.0})
    with torch.no_grad():
        net.conv3.weight[:8, 8:], net.conv3.weight[8:, :8] = 0, 0  # 16 kernels on 16 maps, 8 a GPU
        expected = net.activations(torch.from_numpy(CROPS))
    np.testing.assert_allclose(cut["conv3"], expected["conv3"].numpy(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(cut["prob"], expected["prob"].numpy(), rtol=1e-3, atol=1e-5)


def test_optional_inputs(tmp_path: Path) -> None:
    write_toy(tmp_path / "model.onnx")
    session = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert [entry.name for entry in session.get_inputs()] == ["image"]
    names = {entry.name: entry.shape for entry in session.get_overridable_initializers()}
    assert names == {
        "conv1.gain": [8], "conv2.gain": [16], "conv3.gain": [16], "conv4.gain": [16], "conv5.gain": [16],
        "fc6.gain": [32], "fc7.gain": [32], "cross_talk": [],
    }  # fmt: skip
    assert [entry.name for entry in session.get_outputs()] == [row.name for row in TOY.layers]


def test_file_remembers(tmp_path: Path) -> None:
    net = write_toy(tmp_path / "model.onnx")
    info, weights = onnx_file.read(tmp_path / "model.onnx")
    assert info.config == TOY
    assert info.classes[5] == ("n5", "class 5")
    assert (info.commit, info.metrics) == ("abc", {"top1_error": 50.0})
    assert (info.mean == 100).all()
    assert info.mean.shape == (3, 256, 256)
    assert {name: array.shape for name, array in weights.items()} == {
        name: tuple(p.shape) for name, p in net.named_parameters()
    }
    np.testing.assert_array_equal(weights["conv2.weight"], net.conv2.weight.detach().numpy())


def test_detail(tmp_path: Path) -> None:
    write_toy(tmp_path / "x.onnx")
    info, weights = onnx_file.read(tmp_path / "x.onnx")
    assert info.detail_px is None
    onnx_file.write(tmp_path / "x.onnx", dataclasses.replace(info, detail_px=64), weights)
    assert onnx_file.read(tmp_path / "x.onnx")[0].detail_px == 64


def test_refuses_other_shapes(tmp_path: Path) -> None:
    info = onnx_file.ModelInfo(config=TOY, classes=(("n", "n"),) * 6, mean=np.zeros(3, np.float32))
    weights = {name: p.detach().numpy() for name, p in toy_net().named_parameters()}
    with pytest.raises(ValueError, match=r"fc8.bias has to have shape \(6,\); found nothing"):
        onnx_file.write(tmp_path / "x.onnx", info, {k: v for k, v in weights.items() if k != "fc8.bias"})
    with pytest.raises(ValueError, match="6 classes, but 1 are named"):
        onnx_file.write(tmp_path / "x.onnx", dataclasses.replace(info, classes=(("n", "n"),)), weights)


def test_files_of_older_programs_open() -> None:
    """A config without the fields that came later is the paper's in them."""
    fields = TOY.to_dict()
    for name in ("crop_px", "conv1_pad", "lrn_across_towers", "pool_before_norm", "halved_at_test"):
        del fields[name]
    assert Config.from_dict(fields) == TOY


@pytest.mark.parametrize("content", [b"", b"not a protobuf", b"\x08\x07"])
def test_refuses_other_files(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=r"x.onnx is not an AlexNet file of this project; make one with"):
        Explorer.open(tmp_path / "x.onnx")
    with pytest.raises(ValueError, match="There is no model file at"):
        Explorer.open(tmp_path / "y.onnx")
