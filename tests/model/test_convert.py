"""Other people's nets as ours: every activation is what torchvision, or Caffe by hand in numpy, makes of the picture."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torchvision
from torch import Tensor, nn

from model import convert, onnx_file, published
from model.class_names import thousand_classes
from model.download import Checksum
from model.explorer import Explorer
from model.imported import with_shapes_of
from model.layers import BVLC, CAFFENET, LRN, TORCHVISION
from model.torchvision_weights import MEAN, MODULES, STD
from tests.model.caffe import (
    ALEXNET,
    REFERENCE,
    blob,
    caffe_forward,
    caffe_layer,
    caffe_weights,
    field,
    varint,
    write_caffemodel,
)
from tests.model.test_window import check_all
from tests.toys import TOY, picture, write_toy
from tests.training.server import Site, serve

Array = npt.NDArray[np.float32]
# torchvision's modules behind which our layers' values are
BEHIND = {
    "features.1": "conv1", "features.2": "pool1", "features.4": "conv2", "features.5": "pool2", "features.7": "conv3",
    "features.9": "conv4", "features.11": "conv5", "avgpool": "pool5", "classifier.2": "fc6", "classifier.5": "fc7",
    "classifier.6": "fc8",
}  # fmt: skip


def torchvision_net(fc_units: int = 48, num_classes: int = 7, seed: int = 0) -> nn.Module:
    """torchvision's own alexnet with narrow fully connected layers, or as published."""
    torch.manual_seed(seed)
    if (fc_units, num_classes) == (4096, 1000):
        published: nn.Module = torchvision.models.alexnet(weights=None)
        return published.eval()
    with torch.device("meta"):
        net = torchvision.models.alexnet(weights=None, num_classes=num_classes)
        for at, reads, units in ((1, 9216, fc_units), (4, fc_units, fc_units), (6, fc_units, num_classes)):
            net.classifier[at] = nn.Linear(reads, units)
    net = net.to_empty(device="cpu")
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    narrow: nn.Module = net.eval()
    return narrow


def hooked(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What torchvision's modules return, by our layers' names; copied, since its ReLUs work in place."""
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda module, inputs, output: seen.update({name: output.clone()})

    for theirs, ours in BEHIND.items():
        net.get_submodule(theirs).register_forward_hook(keep(ours))
    with torch.no_grad():
        seen["prob"] = net(x).softmax(1)
    return seen


def assert_same(explorer: Explorer, expected: dict[str, Any]) -> None:
    """Every activation, within what float32 rounds on the way."""
    seen = explorer.run(picture(4))
    assert set(seen) == set(expected)
    for name, array in seen.items():
        own = np.asarray(expected[name]).reshape(array.shape)
        scale = np.abs(own).max()
        assert scale > 0, name
        assert np.abs(array - own).max() <= 2e-5 * scale, name


@pytest.mark.parametrize("size", [(48, 7), (4096, 1000)], ids=["narrow", "as published"])
def test_torchvision(tmp_path: Path, size: tuple[int, int]) -> None:
    net = torchvision_net(*size)
    torch.save(net.state_dict(), tmp_path / "net.pth")
    info = convert.convert(tmp_path / "net.pth", tmp_path / "model.onnx")
    assert info.config == dataclasses.replace(TORCHVISION, fc_units=size[0], num_classes=size[1])
    pixels = torch.from_numpy(picture(4)[16:240, 16:240].copy()).permute(2, 0, 1)[None] / 255
    scaled = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    assert_same(Explorer.open(tmp_path / "model.onnx", "cpu"), hooked(net, scaled))
    if size[1] == 1000:
        assert info.config.num_parameters == 61_100_840
        assert info.classes == thousand_classes()
        names = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
        same = sum(own == theirs for (_, own), theirs in zip(info.classes, names, strict=True))
        assert same > 980  # of the same thousand in the same order; a few are called otherwise
    else:
        assert info.classes[1] == ("class0001", "class 2")


def test_mean_is_kept_exactly(tmp_path: Path) -> None:
    torch.save(torchvision_net().state_dict(), tmp_path / "net.pth")
    convert.convert(tmp_path / "net.pth", tmp_path / "model.onnx")
    info, _ = onnx_file.read(tmp_path / "model.onnx")
    np.testing.assert_array_equal(info.mean, (255 * np.asarray(MEAN)).astype(np.float32))
    assert info.recipe["source"] == "net.pth"
    assert info.recipe["sha256"] == hashlib.sha256((tmp_path / "net.pth").read_bytes()).hexdigest()


def test_wrapped_as_training_scripts_do(tmp_path: Path) -> None:
    state = {f"module.{name}": tensor for name, tensor in torchvision_net().state_dict().items()}
    torch.save({"model": state, "epoch": 3}, tmp_path / "net.pth")
    assert convert.convert(tmp_path / "net.pth", tmp_path / "model.onnx").config.fc_units == 48


# Caffe


@pytest.mark.parametrize("legacy", [False, True], ids=["2015", "2014"])
@pytest.mark.parametrize("order", [ALEXNET, REFERENCE], ids=["alexnet", "caffenet"])
def test_caffe(tmp_path: Path, order: list[str], legacy: bool) -> None:
    weights = caffe_weights()
    source = write_caffemodel(tmp_path / "net.caffemodel", order, weights, legacy)
    info = convert.convert(source, tmp_path / "model.onnx")
    published = BVLC if order is ALEXNET else CAFFENET
    small = dataclasses.replace(published, kernels=(8, 16, 16, 16, 12), fc_units=32, num_classes=6)
    assert info.config == small
    assert info.config.lrn == LRN(k=1, n=5, alpha=2e-5, beta=0.75)
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    mean = np.asarray([104.00699, 116.66877, 122.67892])[:, None, None]
    assert_same(explorer, caffe_forward(order, weights, mean))
    check_all(explorer)  # every value spelled out, zeros, crop and borders of the towers included


def test_caffes_mean_picture(tmp_path: Path) -> None:
    weights, mean = caffe_weights(), np.random.default_rng(1).normal(115, 9, (3, 256, 256)).astype(np.float32)
    source = write_caffemodel(tmp_path / "net.caffemodel", ALEXNET, weights)
    (tmp_path / "mean.binaryproto").write_bytes(blob(mean, legacy=True))
    convert.convert(source, tmp_path / "model.onnx", mean=tmp_path / "mean.binaryproto")
    expected = caffe_forward(ALEXNET, weights, mean[:, 14:241, 14:241])
    assert_same(Explorer.open(tmp_path / "model.onnx", "cpu"), expected)


def test_published_shapes() -> None:
    """The counts of the nets that the addresses hold: torchvision's own, and the paper's 60,965,224 for both of Caffe's."""
    assert TORCHVISION.num_parameters == 61_100_840
    assert BVLC.num_parameters == CAFFENET.num_parameters == 60_965_224
    assert [row.size_px for row in BVLC.layers if row.kind == "conv"] == [55, 27, 13, 13, 13]


def test_our_own(tmp_path: Path) -> None:
    """A model file of ours comes out as it went in; so does a checkpoint (tests/training shows what that holds)."""
    net = write_toy(tmp_path / "toy.onnx")
    convert.convert(tmp_path / "toy.onnx", tmp_path / "out.onnx")
    before, after = (onnx_file.read(tmp_path / name) for name in ("toy.onnx", "out.onnx"))
    assert before[0].to_json() == after[0].to_json()
    checkpoint = {
        "weights": net.state_dict(), "class_ids": [f"n{i}" for i in range(6)], "mean": torch.full((3, 256, 256), 100.0),
        "recipe": {"name": "toy"}, "commit": "abc", "metrics": [], "step": 0, "config": TOY.to_dict(),
    }  # fmt: skip
    torch.save(checkpoint, tmp_path / "checkpoint.pt")
    convert.convert(tmp_path / "checkpoint.pt", tmp_path / "exported.onnx")
    toy, exported = (Explorer.open(tmp_path / name, "cpu").run(picture()) for name in ("toy.onnx", "exported.onnx"))
    np.testing.assert_array_equal(toy["prob"], exported["prob"])


def test_names_of_classes(tmp_path: Path) -> None:
    torch.save(torchvision_net().state_dict(), tmp_path / "net.pth")
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\ne\nf\ng g\n")
    info = convert.convert(tmp_path / "net.pth", tmp_path / "model.onnx", classes=tmp_path / "names.txt")
    assert [name for _, name in info.classes] == ["a", "b", "c", "d", "e", "f", "g g"]
    (tmp_path / "names.txt").write_text("a\nb\n")
    with pytest.raises(ValueError, match=r"names.txt names 2 classes, and the net has 7\."):
        convert.convert(tmp_path / "net.pth", tmp_path / "model.onnx", classes=tmp_path / "names.txt")


# What cannot be had


class Evil:
    def __reduce__(self) -> Any:
        return print, ("this ran",)


def damaged(folder: Path, name: str) -> Path:
    """A file that cannot be converted, by the name that the sentence below goes with."""
    path, state = folder / name, torchvision_net().state_dict()
    weights = caffe_weights()
    match name:
        case "evil.pth":
            torch.save({"state_dict": Evil()}, path)
        case "module.pth":
            torch.save(torchvision_net(), path)
        case "plain.pt" | "net.pkl":
            path.write_bytes(pickle.dumps(Evil()))
        case "cut.pth":
            torch.save(state, path)
            path.write_bytes(path.read_bytes()[:100_000])
        case "list.pth":
            torch.save([1, 2], path)
        case "lacks.pth":
            torch.save({key: value for key, value in state.items() if key != "features.6.bias"}, path)
        case "more.pth":
            torch.save({**state, "features.13.weight": torch.ones(2)}, path)
        case "shape.pth":
            torch.save({**state, "features.3.weight": torch.zeros(192, 64, 3, 3)}, path)
        case "nan.pth":
            torch.save({**state, "classifier.4.bias": torch.full((48,), torch.nan)}, path)
        case "cut.caffemodel":
            whole = write_caffemodel(path, ALEXNET, weights).read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
        case "other.caffemodel":
            write_caffemodel(path, ["conv1", "pool1", "fc6"], weights)
        case "order.caffemodel":
            write_caffemodel(path, [name for name in ALEXNET if name != "pool2"], weights)
        case "scale.caffemodel":
            extra = field(1, "bn1") + field(2, "BatchNorm") + field(7, blob(weights["conv1.bias"], False))
            write_caffemodel(path, ALEXNET, weights, more=field(100, extra))
        case "blob.caffemodel":
            broken = field(1, "conv1") + field(2, "Convolution")
            broken += 2 * field(7, field(7, field(1, varint(9))) + field(5, b"\0" * 8))
            rest = [field(100, caffe_layer(name, weights, False)) for name in ALEXNET[1:]]
            path.write_bytes(field(100, broken) + b"".join(rest))
        case _:
            path.write_text("hello")
    return path


REFUSALS = {
    "evil.pth": "evil.pth is a pickle of Python objects, and reading one can run any code on this machine",
    "module.pth": r"save the weights alone with torch.save\(net.state_dict\(\), 'weights.pth'\)",
    "plain.pt": "plain.pt is a pickle",
    "net.pkl": "net.pkl is a pickle",
    "cut.pth": r"cut.pth is damaged or cut short; get the file again\.",
    "list.pth": "list.pth holds no weights by name",
    "lacks.pth": r"it lacks features.6.bias\.",
    "more.pth": r"it also has features.13.weight\.",
    "shape.pth": r"The weight of conv2 in shape.pth has shape \(192, 64, 3, 3\), where .* has \(192, 64, 5, 5\)\.",
    "nan.pth": "fc7.bias of nan.pth holds values that are no numbers",
    "cut.caffemodel": "cut.caffemodel is damaged or cut short",
    "other.caffemodel": "has weights for conv1, fc6; an AlexNet of Caffe's has five convolutions",
    "order.caffemodel": "has its layers in the order conv1, norm1, pool1, conv2, norm2, conv3, .* neither",
    "scale.caffemodel": "has the layer bn1 with weights that no AlexNet has a place for",
    "blob.caffemodel": r"A blob of conv1 of blob.caffemodel has 2 values for shape \(9,\)",
    "text.caffemodel": "text.caffemodel is damaged or cut short, or no file of Caffe's",
    "notes.txt": "notes.txt is nothing that can be converted; give torchvision's",
    "notes.onnx": "notes.onnx is not an AlexNet file of this project",
    "notes.pth": "notes.pth is damaged or cut short",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=REFUSALS[name]) as raised:
        convert.convert(damaged(tmp_path, name), tmp_path / "model.onnx")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "model.onnx").exists()
    assert capsys.readouterr().out == ""  # nothing of the pickle ran


def test_shapes_without_axes() -> None:
    weights = {f"{name}.weight": np.zeros((1, 1), np.float32) for name in MODULES.values()}
    with pytest.raises(ValueError, match=r"conv1 of x.pth has weights of shape \(1, 1\), where 4 axes are needed"):
        with_shapes_of(weights, TORCHVISION, "x.pth")


# The command


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ALEXNET_MODELS", str(tmp_path / "models"))
    torch.save(torchvision_net().state_dict(), tmp_path / "My net.pth")
    assert convert.main([str(tmp_path / "My net.pth")]) == 0
    out = tmp_path / "models" / "my-net" / "model.onnx"
    assert capsys.readouterr().out.startswith(f"{out}: 2,914,807 parameters, 7 classes")
    assert convert.main([str(tmp_path / "My net.pth"), str(tmp_path / "a.onnx"), "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one.get("stage") for one in told] == ["read", "write", "write", None]
    assert told[-1] == {"out": str(tmp_path / "a.onnx")}
    assert convert.main([str(tmp_path / "none.pth"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"].startswith("There is no file at")
    assert convert.main([str(tmp_path / "My net.pth"), str(tmp_path / "a.pth")]) == 2
    assert "does not end in .onnx" in capsys.readouterr().err


@pytest.fixture
def weights_on_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A narrow torchvision net in place of the published one, checked by the first digits of its checksum."""
    torch.save(torchvision_net().state_dict(), tmp_path / "narrow.pth")
    data = (tmp_path / "narrow.pth").read_bytes()
    checksum = Checksum("sha256", hashlib.sha256(data).hexdigest()[:8])
    fake = dataclasses.replace(published.PUBLISHED["torchvision"], checksum=checksum)
    monkeypatch.setitem(published.PUBLISHED, "torchvision", fake)
    monkeypatch.setenv("ALEXNET_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("model.download.WAIT_SECONDS", 0.0)
    return data


def test_fetched_however_often_it_drops(
    tmp_path: Path, weights_on_a_server: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(Site(weights_on_a_server, drops=[1_000_000, 3_000_000])) as site:
        assert convert.main(["torchvision", "--address", site.address, "--json"]) == 0
        assert [request.get("Range") for request in site.requests] == [None, "bytes=1000000-", "bytes=4000000-"]
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert told[0]["stage"] == "fetch"
        assert told[0]["total"] == len(weights_on_a_server)
        assert convert.main(["torchvision", "--address", site.address]) == 0
        assert len(site.requests) == 3  # what is there is not fetched again
    out = tmp_path / "models" / "torchvision" / "model.onnx"
    assert Explorer.open(out, "cpu").config.fc_units == 48
    assert "3 of" not in capsys.readouterr().err


def test_another_file_is_not_taken(
    tmp_path: Path, weights_on_a_server: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(Site(weights_on_a_server[:-1] + b"?")) as site:
        assert convert.main(["torchvision", "--address", site.address]) == 2
    assert "is published, so it was deleted" in capsys.readouterr().err
    assert not list((tmp_path / "models" / "torchvision").iterdir())
