"""Two nets side by side are one net that says the mean of what they say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

import training.recipe
from model import history, onnx_file
from model.alexnet import AlexNet
from model.export import weights_of
from model.history import History
from model.layers import Config
from model.onnx_file import ModelInfo
from tests.toys import toy_net, write_toy
from training.history import trained_before
from training.join import Net, both_histories, join, main
from training.recipe import Recipe

NARROW = Config(kernels=(8, 16, 16, 16, 16), fc_units=32, num_classes=6, lrn=None)
OTHER = replace(NARROW, kernels=(4, 8, 16, 8, 16), fc_units=16)
WIDE = replace(NARROW, kernels=(12, 24, 32, 24, 32), fc_units=64)  # fc: 16 units that both lack
MEAN = np.full((3, 256, 256), 100, np.float32)
CLASSES = tuple((f"n{i}", f"class {i}") for i in range(6))


def recipe(config: Config = WIDE) -> Recipe:
    return replace(training.recipe.load("smoke"), net=config)


def net(config: Config, seed: int, colour_on: int) -> Net:
    """A network whose kernels have colour on one GPU only, 0 or 1."""
    weights = weights_of(toy_net(config, seed).state_dict())
    weights = {name: array.copy() for name, array in weights.items()}
    kernels = weights["conv1.weight"]
    grey = np.split(kernels, 2)[1 - colour_on]
    grey[:] = grey.mean(1, keepdims=True)
    return ModelInfo(config=config, classes=CLASSES, mean=MEAN), weights


def logits(one: Net) -> npt.NDArray[np.float32]:
    info, weights = one
    twin = AlexNet(info.config).eval()
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    with torch.no_grad():
        crops = 50 * torch.randn(3, 3, 224, 224, generator=torch.Generator().manual_seed(5))
        return np.asarray(twin(crops))


@pytest.mark.parametrize("colour_on", [0, 1])
@pytest.mark.parametrize("other", [OTHER, NARROW])
def test_it_says_the_mean(other: Config, colour_on: int) -> None:
    """Also where the second net's GPUs change places."""
    first, second = net(NARROW, 1, colour_on=0), net(other, 2, colour_on)
    wide = replace(WIDE, kernels=(16, 32, 32, 32, 32)) if other is NARROW else WIDE
    joined = join(recipe(wide), first, second)
    np.testing.assert_allclose(logits(joined), (logits(first) + logits(second)) / 2, rtol=1e-4, atol=1e-6)
    gpu1, gpu2 = np.split(joined[1]["conv1.weight"], 2)
    assert np.ptp(gpu1, axis=1).min(initial=1, where=gpu1.any(1)) > 0
    assert np.ptp(gpu2, axis=1).max() < 1e-7  # grey lies together


def test_new_units_are_read_by_nobody() -> None:
    """fc6's last eight units on each GPU are new: they read what a new net's do, and no old unit reads them."""
    _, weights = join(recipe(), net(NARROW, 1, 0), net(OTHER, 2, 0))
    new = np.r_[24:32, 56:64]
    assert weights["fc6.weight"][new].all()
    assert weights["fc7.weight"][new].all()
    assert not np.delete(weights["fc7.weight"][:, new], new, axis=0).any()
    assert not weights["fc8.weight"][:, new].any()


def test_no_room() -> None:
    with pytest.raises(ValueError, match="conv1 has room for 4 units on each GPU, and the two models have 6"):
        join(recipe(NARROW), net(NARROW, 1, 0), net(OTHER, 2, 0))


def test_other_classes() -> None:
    info, weights = net(OTHER, 2, 0)
    with pytest.raises(ValueError, match="other classes or another mean"):
        join(recipe(), net(NARROW, 1, 0), (replace(info, mean=MEAN + 1), weights))


def told(kernels: int, moments: int) -> History:
    """Kernel k is k + 1 at the last moment, evenly growing from 0."""
    codes = np.zeros((moments, kernels, 11, 11, 3), np.uint8)
    codes[:] = np.round(np.linspace(0, 255, kernels))[:, None, None, None]
    share = np.linspace(0, 1, moments, dtype=np.float32)
    return History(
        epochs=2 * np.arange(moments, dtype=np.float64), codes=codes, lows=share, highs=kernels * share,
        errors=np.full((moments, 2), 50, np.float32),
    )  # fmt: skip


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """model.onnx to start from, and both histories side by side; then a sentence for what is wrong."""
    wanted = recipe()
    monkeypatch.setattr(training.recipe, "load", lambda _: wanted)
    for name, config, moments in (("a", NARROW, 5), ("b", OTHER, 3)):
        (tmp_path / name).mkdir()
        info, weights = net(config, 1, 0)
        info = replace(info, recipe={"name": name}, commit="abc", metrics={"epochs": 7})
        onnx_file.write(tmp_path / name / "model.onnx", info, weights)
        told(config.kernels[0], moments).write(tmp_path / name / "history.npz")
    first = {"recipe": "z", "epochs": 2}  # what a began as
    (tmp_path / "a" / "run.json").write_text(json.dumps({"trained_before": [first]}))
    paths = [str(tmp_path / name / "model.onnx") for name in ("a", "b")]
    assert main([*paths, "smoke", str(tmp_path / "start")]) == 0
    info = onnx_file.read(tmp_path / "start" / "model.onnx")[0]
    assert info.config == WIDE
    assert info.metrics["parts"] == [
        first | {"side": 1},
        *({"recipe": name, "commit": "abc", "epochs": 7, "side": side} for side, name in enumerate(("a", "b"), 1)),
    ]
    assert trained_before(tmp_path / "start" / "model.onnx") == info.metrics["parts"]
    joined = history.read(tmp_path / "start" / "history.npz")
    assert joined.epochs.tolist() == [0, 4, 8]  # of the first, as far through as the second at 0, 2, 4
    assert np.isnan(joined.errors).all()
    last = joined.kernels(2)[:, 0, 0, 0]
    np.testing.assert_allclose(last, [1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 3, 4], atol=0.02)
    assert not joined.kernels(0).any()
    assert main([paths[0], str(tmp_path / "none.onnx"), "smoke", str(tmp_path / "x")]) == 2
    assert "none.onnx" in capsys.readouterr().err


def test_learned_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """conv1 less what the history says it began as; all else, and what a net without a history is, stays."""
    wanted = recipe()
    monkeypatch.setattr(training.recipe, "load", lambda _: wanted)
    for name, config, began in (("a", NARROW, 0.5), ("b", OTHER, 0.25)):
        (tmp_path / name).mkdir()
        onnx_file.write(tmp_path / name / "model.onnx", *net(config, 1, 0))
        flat = np.full((1, config.kernels[0], 11, 11, 3), 255, np.uint8)
        begun = np.asarray([began], np.float32)
        History(np.zeros(1), flat, 0 * begun, begun, np.full((1, 2), np.nan, np.float32)).write(
            tmp_path / name / "history.npz"
        )
    argv = [*(str(tmp_path / name / "model.onnx") for name in ("a", "b")), "smoke", str(tmp_path / "plain")]
    assert main(argv) == 0
    assert main([*argv[:3], str(tmp_path / "learned"), "--learned-kernels"]) == 0
    plain, learned = (onnx_file.read(tmp_path / name / "model.onnx")[1] for name in ("plain", "learned"))
    taken = (plain["conv1.weight"] - learned["conv1.weight"])[:, 0, 0, 0]
    np.testing.assert_allclose(taken, [0.5] * 4 + [0.25] * 2 + [0.5] * 4 + [0.25] * 2, atol=1e-6)
    for name in set(plain) - {"conv1.weight"}:
        np.testing.assert_array_equal(plain[name], learned[name])
    (tmp_path / "b" / "history.npz").unlink()
    assert main([*argv, "--learned-kernels"]) == 2
    assert "No history beside" in capsys.readouterr().err


@pytest.mark.parametrize(("colour_on", "second"), [(0, [1, 2, 3, 4]), (1, [3, 4, 1, 2])])
def test_histories_lie_as_the_nets_do(tmp_path: Path, colour_on: int, second: list[int]) -> None:
    """Those that were put side by side, whatever lies in their files: kernels less what they began as may have colour elsewhere."""
    for name, config in (("a", NARROW), ("b", OTHER)):
        (tmp_path / name).mkdir()
        told(config.kernels[0], 2).write(tmp_path / name / "history.npz")
    models = [tmp_path / name / "model.onnx" for name in ("a", "b")]
    joined = both_histories(WIDE, models, [net(NARROW, 1, 0), net(OTHER, 2, colour_on)])
    assert joined
    expected = [1, 2, 3, 4, *second[:2], 5, 6, 7, 8, *second[2:]]
    np.testing.assert_allclose(joined.kernels(1)[:, 0, 0, 0], expected, atol=0.02)


def test_a_card_tells_the_hours_that_an_older_file_does_not(tmp_path: Path) -> None:
    write_toy(tmp_path / "model.onnx")
    (tmp_path / "card.json").write_text('{"hours": 1.25}')
    (only,) = trained_before(tmp_path / "model.onnx")
    assert only["hours"] == 1.25
