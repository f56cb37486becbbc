"""predict, inspect, weights and export, as a person calls them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from model import export, inspect, onnx_file, predict, weights
from tests.toys import TOY, picture, toy_net, write_toy


@pytest.fixture
def model(tmp_path: Path) -> str:
    write_toy(tmp_path / "model.onnx")
    return str(tmp_path / "model.onnx")


def test_predict(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, broken = tmp_path / "photo.png", tmp_path / "broken.png"
    Image.fromarray(picture()).save(photo)
    broken.write_bytes(b"broken")
    assert predict.main([model, str(broken), str(photo), "--top", "2", "--ten-crop"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == str(photo)
    assert len(out.splitlines()) == 3
    assert err.startswith(f"{broken}: ")
    assert predict.main([model, str(photo), "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["image"] == str(photo)
    probabilities = [one["probability"] for one in line["predictions"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(probabilities) == 5


def test_inspect(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([model]) == 0
    assert f"{TOY.num_parameters:,}" in capsys.readouterr().out
    assert inspect.main([model, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["parameters"] == TOY.num_parameters
    assert facts["layers"][6] == {
        "name": "conv3", "kind": "conv", "shape": [16, 13, 13], "towers": 2, "reads": "both towers",
        "weight_shape": [16, 16, 3, 3], "parameters": 2320, "macs": 2304 * 169, "receptive_field_px": 99,
    }  # fmt: skip
    assert facts["classes"][0] == {"id": "n0", "name": "class 0"}


def test_weights(model: str, tmp_path: Path) -> None:
    assert weights.main([model, str(tmp_path / "w.safetensors")]) == 0
    arrays = load_file(tmp_path / "w.safetensors")
    assert {name: array.shape for name, array in arrays.items()} == {
        name: tuple(p.shape) for name, p in toy_net().named_parameters()
    }
    np.testing.assert_array_equal(arrays["fc8.weight"], toy_net().fc8.weight.detach().numpy())


def test_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = toy_net()
    state = {
        "weights": net.state_dict(), "config": TOY.to_dict(), "recipe": {"name": "toy"}, "commit": "abc", "step": 0, "metrics": [],
        "class_ids": ("n01440764", "b", "c", "d", "e", "f"), "mean": torch.full((3, 256, 256), 7.0),
    }  # fmt: skip
    torch.save(state, tmp_path / "checkpoint.pt")
    assert export.main([str(tmp_path / "checkpoint.pt"), str(tmp_path / "out.onnx")]) == 0
    info, arrays = onnx_file.read(tmp_path / "out.onnx")
    assert info.classes[:2] == (("n01440764", "tench"), ("b", "b"))
    assert info.recipe == {"name": "toy"}
    np.testing.assert_array_equal(arrays["conv3.weight"], net.conv3.weight.detach().numpy())


def test_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "missing")
    for main, argv in (
        (predict.main, [missing, "photo.png"]), (inspect.main, [missing]), (weights.main, [missing, "x"]),
        (export.main, [missing, "x"]),
    ):  # fmt: skip
        assert main(argv) == 2
        assert capsys.readouterr().err.startswith("There is no ")
    (tmp_path / "bad.pt").write_bytes(b"bad")
    assert export.main([str(tmp_path / "bad.pt"), "x"]) == 2
    assert "is no checkpoint of training.run" in capsys.readouterr().err
