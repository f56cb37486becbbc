"""Signals that go back, each against torch's own pieces put together another way, and the way up against the file."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from model.alexnet import AlexNet
from model.explorer import Explorer
from model.gains import Gains
from model.gradients import Gradients
from model.layers import CAFFENET, ONE_TOWER, TORCHVISION, WITHOUT_CONV5, Config
from tests.model.test_alexnet import VARIANTS
from tests.toys import TOY, picture, small, write_toy

CROP = picture(3)[16:240, 16:240].transpose(2, 0, 1).astype(np.float32) - 100
METHODS = ("deconvnet", "guided_backprop", "gradient")


def opened(folder: Path, config: Config = TOY) -> tuple[Gradients, AlexNet]:
    """A toy network's gradients, and its twin in plain torch."""
    net = write_toy(folder / "model.onnx", config)
    return Gradients.open(folder / "model.onnx", "cpu"), net


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Gradients, AlexNet]:
    return opened(tmp_path_factory.mktemp("gradients"))


def towers_and_a_unit(config: Config) -> Gains:
    """A muted unit, GPU2's conv2 muted, a doubled layer, and little of what crosses into conv3."""
    unit, tower = np.ones(config.layer["conv1"].units), np.ones(config.layer["conv2"].units)
    unit[1], tower[len(tower) // 2 :] = 0, 0
    gains: dict[str, npt.ArrayLike] = {"conv1": unit, "conv2": tower, "fc6": 2.0}
    return gains | ({"cross_talk": 0.3} if config.layer.get("conv3") and config.layer["conv3"].reads_both else {})


@pytest.mark.parametrize("config", [small(variant) for variant in VARIANTS.values()], ids=VARIANTS)
def test_the_way_up_is_the_files(config: Config, tmp_path: Path) -> None:
    gradients, _ = opened(tmp_path, config)
    names = tuple(row.name for row in config.layers)
    explorer, seen = Explorer.open(tmp_path / "model.onnx", "cpu"), []
    crop = explorer.run(picture(3)).crop
    for gains in (None, towers_and_a_unit(config)):
        expected = explorer.activations(crop[None], names, gains)
        found = gradients.activations(torch.from_numpy(crop.copy())[None], gains)
        assert list(found) == list(names)
        for name in names:
            scale = np.abs(expected[name]).max()
            np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=2e-5 * scale, err_msg=name)
        seen.append(expected["fc8"])
    assert np.abs(seen[0] - seen[1]).max() > 1e-3 * np.abs(seen[0]).max()  # gains do something


@pytest.mark.parametrize("config", [small(TORCHVISION), small(CAFFENET)], ids=["torchvision", "caffenet"])
def test_other_crops_and_orders(config: Config, tmp_path: Path) -> None:
    """The gradient of a logit is plain autograd's through the torch net; every method has the crop's own size."""
    gradients, net = opened(tmp_path, config)
    crop = Explorer.open(tmp_path / "model.onnx", "cpu").run(picture(3)).crop
    x = torch.from_numpy(crop.copy())[None].requires_grad_()
    (expected,) = torch.autograd.grad(net(x)[0, 2], x)
    found = gradients.gradient(crop, "fc8", 2)
    np.testing.assert_allclose(found, expected[0], rtol=0, atol=1e-5 * expected.abs().max().item())
    for method in METHODS:
        shown = getattr(gradients, method)(crop, "conv3", 1, (6, 6))
        top, left, bottom, right = config.layer["conv3"].field(6, 6)
        assert shown.shape == crop.shape
        assert np.abs(shown[:, top:bottom, left:right]).sum() == pytest.approx(np.abs(shown).sum())
    assert gradients.grad_cam(crop, 2).shape == (13, 13)
    assert len([*gradients.maximise("fc7", 1, steps=4)][-1].picture) == config.crop_px


def test_deconvnet_of_one_convolution(toy: tuple[Gradients, AlexNet]) -> None:
    """conv1: the kernel times the value, where the window was; in the last place 8 x 8 of it, the rest is padding."""
    gradients, net = toy
    values = gradients.activations(torch.from_numpy(CROP)[None], upto="conv1")["conv1"][0]
    unit = int(values[:, 54, 54].argmax())
    kernel, value = net.conv1.weight[unit].detach().numpy(), values[unit, 54, 54].item()
    expected = np.zeros((3, 224, 224), np.float32)
    expected[:, 216:, 216:] = value * kernel[:, :8, :8]
    assert value > 0
    np.testing.assert_allclose(gradients.deconvnet(CROP, "conv1", unit, (54, 54)), expected, rtol=1e-5)


def test_deconvnet_by_transposes(toy: tuple[Gradients, AlexNet]) -> None:
    """fc6 down to the pixels: transposed matrix, values put back at recorded maxima, ReLU, transposed convolutions."""
    gradients, net = toy
    x, switches = torch.from_numpy(CROP)[None], {}
    seen = net.activations(x)
    for pool, below in (("pool1", "norm1"), ("pool2", "norm2"), ("pool5", "conv5")):
        switches[pool] = F.max_pool2d(seen[below], 3, 2, return_indices=True)[1]

    def unpooled(signal: torch.Tensor, pool: str, size: int) -> torch.Tensor:
        flat = torch.zeros(1, signal.shape[1], size * size)
        return flat.scatter_add(2, switches[pool].flatten(2), signal.flatten(2)).view(1, -1, size, size)

    def down(signal: torch.Tensor, conv: nn.Conv2d) -> torch.Tensor:
        pad = conv.kernel_size[0] // 2 if conv.stride == (1, 1) else 0
        return F.conv_transpose2d(F.relu(signal), conv.weight, None, conv.stride, pad, 0, conv.groups)

    unit = int(seen["fc6"].argmax())
    with torch.no_grad():
        signal = (seen["fc6"][0, unit] * net.fc6.weight[unit]).view(1, 16, 6, 6)
        signal = down(down(down(unpooled(signal, "pool5", 13), net.conv5), net.conv4), net.conv3)
        signal = down(unpooled(signal, "pool2", 27), net.conv2)
        signal = down(unpooled(signal, "pool1", 55), net.conv1)[0, :, :224, :224]
    assert signal.abs().max() > 0
    found = gradients.deconvnet(CROP, "fc6", unit)
    np.testing.assert_allclose(found, signal.numpy(), rtol=1e-3, atol=1e-5 * signal.abs().max().item())


def as_modules(net: AlexNet) -> nn.Sequential:
    """A network of one tower, from torch's own layers, up to fc8."""
    layers: list[nn.Module] = [nn.ZeroPad2d((0, 3, 0, 3))]
    for name, follow in (("conv1", True), ("conv2", True), ("conv3", False), ("conv4", False), ("conv5", False)):
        layers += [getattr(net, name), nn.ReLU()]
        layers += [nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0), nn.MaxPool2d(3, 2)] if follow else []
    layers += [nn.MaxPool2d(3, 2), nn.Flatten(), net.fc6, nn.ReLU(), net.dropout, net.fc7, nn.ReLU(), net.dropout]
    return nn.Sequential(*layers, net.fc8)


def test_guided_backprop_by_hooks(tmp_path: Path) -> None:
    """Springenberg's rule as hooks on torch's ReLU: what is negative after the gradient's own mask is dropped too."""

    def guided(_: nn.Module, into: Any, out: Any) -> Any:
        return (into[0].clamp(min=0),)

    gradients, net = opened(tmp_path, small(ONE_TOWER))
    modules = as_modules(net)
    for module in modules:
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(guided)
    x = torch.from_numpy(CROP)[None].requires_grad_()
    (expected,) = torch.autograd.grad(modules(x)[0, 2], x)
    found = gradients.guided_backprop(CROP, "fc8", 2)
    assert expected.abs().max() > 0
    np.testing.assert_allclose(found, expected[0], rtol=1e-3, atol=1e-4 * expected.abs().max().item())
    assert np.abs(found - gradients.gradient(CROP, "fc8", 2)).max() > 0.1 * np.abs(found).max()


def test_gradient_by_autograd(toy: tuple[Gradients, AlexNet]) -> None:
    gradients, net = toy
    x = torch.from_numpy(CROP)[None].requires_grad_()
    for layer, place in (("norm1", (20, 30)), ("pool2", (5, 5)), ("conv5", (6, 6))):
        value = net.activations(x)[layer][0, 3][place]
        (expected,) = torch.autograd.grad(value, x)
        found = gradients.gradient(CROP, layer, 3, place)
        np.testing.assert_allclose(found, expected[0], rtol=1e-3, atol=1e-5 * max(expected.abs().max().item(), 1e-9))


def test_grad_cam_by_its_formula(toy: tuple[Gradients, AlexNet]) -> None:
    gradients, net = toy
    seen = net.activations(torch.from_numpy(CROP)[None])
    cams = []
    for index in range(6):
        (slope,) = torch.autograd.grad(seen["fc8"][0, index], seen["conv5"], retain_graph=True)
        alpha = slope[0].sum((1, 2)) / 169
        cam = sum(alpha[k] * seen["conv5"][0, k] for k in range(16))
        assert isinstance(cam, torch.Tensor)
        cams.append(np.maximum(cam.detach().numpy(), 0))
        np.testing.assert_allclose(gradients.grad_cam(CROP, index), cams[-1], rtol=1e-3, atol=1e-6 * cams[-1].max())
    assert max(cam.max() for cam in cams) > 0


def test_grad_cam_of_the_last_convolution(tmp_path: Path) -> None:
    gradients, _ = opened(tmp_path, small(WITHOUT_CONV5))
    np.testing.assert_array_equal(gradients.grad_cam(CROP, 1), gradients.grad_cam(CROP, 1, "conv4"))


@pytest.mark.parametrize("method", METHODS)
def test_no_place_means_the_strongest(toy: tuple[Gradients, AlexNet], method: str) -> None:
    gradients, _ = toy
    back = getattr(gradients, method)
    own = gradients.activations(torch.from_numpy(CROP)[None], upto="pool2")["pool2"][0, 2]
    row, column = divmod(int(own.argmax()), 13)
    np.testing.assert_array_equal(back(CROP, "pool2", 2), back(CROP, "pool2", 2, (row, column)))


@pytest.mark.parametrize("method", METHODS)
def test_only_its_field_is_seen(toy: tuple[Gradients, AlexNet], method: str) -> None:
    top, left, bottom, right = TOY.layer["conv3"].field(4, 7)
    signal: npt.NDArray[np.float32] = getattr(toy[0], method)(CROP, "conv3", 5, (4, 7))
    assert signal[:, top:bottom, left:right].any()
    signal[:, top:bottom, left:right] = 0
    assert not signal.any()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_muted_passes_nothing(toy: tuple[Gradients, AlexNet], method: str) -> None:
    back = getattr(toy[0], method)
    assert back(CROP, "conv5", 0).any()
    assert not back(CROP, "conv5", 0, gains={"conv1": 0}).any()
    assert not back(CROP, "conv5", 0, gains={"conv5": 0}).any()
    gpu1 = np.repeat([0.0, 1.0], 8)  # conv5 of GPU1 reads conv4 of GPU1 alone
    assert not back(CROP, "conv5", 0, gains={"conv4": gpu1}).any()
    assert back(CROP, "conv5", 8, gains={"conv4": gpu1}).any()


def test_no_cross_talk_no_signal_across(toy: tuple[Gradients, AlexNet]) -> None:
    """Without it conv3 of GPU1 is as blind to GPU2 as if GPU2's conv2 were muted."""
    gradients, _ = toy
    gpu2 = np.repeat([1.0, 0.0], 8)
    cut, muted = ({"cross_talk": 0.0}, {"conv2": gpu2})
    np.testing.assert_allclose(
        gradients.deconvnet(CROP, "conv3", 1, (6, 6), cut), gradients.deconvnet(CROP, "conv3", 1, (6, 6), muted)
    )


def test_errors_say_what_to_do(toy: tuple[Gradients, AlexNet]) -> None:
    gradients, _ = toy
    for arguments, sentence in (
        (("prob", 0), "prob is no layer to look back from; choose one of conv1, norm1"),
        (("conv1", 8), "conv1 has units 0 to 7; there is no unit 8"),
        (("fc6", 0, (0, 0)), "Units of fc6 have no places"),
        (("conv5", 0, (0, 13)), r"Rows and columns of conv5 go from 0 to 12; got \(0, 13\)"),
    ):
        with pytest.raises(ValueError, match=sentence):
            gradients.deconvnet(CROP, *arguments)
    with pytest.raises(ValueError, match=r"A crop has to have shape \(3, 224, 224\); got \(1, 3, 224, 224\)"):
        gradients.gradient(CROP[None], "conv1", 0)
    with pytest.raises(ValueError, match="pool1 takes no gain"):
        gradients.gradient(CROP, "conv1", 0, gains={"pool1": 0})
    with pytest.raises(ValueError, match="fc8 has units 0 to 5; there is no unit 6"):
        gradients.grad_cam(CROP, 6)
    with pytest.raises(ValueError, match="pool5 is no convolution of this network; choose one of conv1"):
        gradients.grad_cam(CROP, 0, "pool5")
    with pytest.raises(ValueError, match="There is no device 'tpu'"):
        Gradients(gradients.info, {}, "tpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_cuda_sees_what_the_cpu_sees(tmp_path: Path) -> None:
    cpu, _ = opened(tmp_path, dataclasses.replace(TOY, lrn=None))
    gpu = Gradients.open(tmp_path / "model.onnx")
    assert gpu.device_name == "CUDA GPU"
    there, here = gpu.grad_cam(CROP, 1), cpu.grad_cam(CROP, 1)
    np.testing.assert_allclose(there, here, atol=1e-2 * here.max())
    first, *_, last = gpu.maximise("conv3", 1, 8)
    assert last.value > first.value
