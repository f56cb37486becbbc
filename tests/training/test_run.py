"""A run from pictures to ONNX: what it leaves, what it says, and what it may start from."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import training.recipe
import training.run
from model import history
from model.alexnet import AlexNet
from model.explorer import Explorer
from model.export import load_checkpoint
from model.provenance import commit
from tests.toys import TOY, write_class_folders
from tests.training.toy_run import RECIPE, run
from training.evaluate import Errors
from training.prepare import prepare
from training.step import autocast_dtype, judged_logits
from training.trainer import Run


def test_what_a_run_leaves(data: Path) -> None:
    assert run(data, "out") == 0
    out = data / "out"
    assert json.loads((out / "run.json").read_text())["recipe"] == json.loads(json.dumps(RECIPE.to_dict()))
    moments = sorted((out / "kernels").glob("*.npy"))  # four within each epoch and one behind each
    assert [np.load(file).shape for file in moments] == [(8, 3, 11, 11)] * 16
    assert (out / "pictures" / "000.143.npz").exists()
    last = load_checkpoint(out / "checkpoint.pt")["weights"]["conv1.weight"].numpy()
    np.testing.assert_array_equal(np.load(out / "kernels" / "conv1_003.npy"), last.astype(np.float16))
    assert list((out / "tensorboard").iterdir())
    explorer = Explorer.open(out / "model.onnx", "cpu")
    assert explorer.class_ids == tuple(f"n{i}" for i in range(6))
    assert explorer.info.recipe["name"] == "toy"
    assert set(explorer.info.metrics) == {
        "val_top1_error", "val_top5_error", "ten_crop_top1_error", "ten_crop_top5_error", "num_images", "epochs", "hours",
    }  # fmt: skip
    assert explorer.mean.shape == (3, 256, 256)
    assert explorer.info.detail_px == 64  # the pictures' side: sharper ones will be softened to it
    assert explorer.info.commit == commit()
    with np.load(out / "pictures" / "003.npz") as told:  # in full precision, whatever the run computed in
        squares = prepare(data / "data", "val", data / "cache").images[told["rows"]]
        shown = [explorer.run(square) for square in squares]
        assert told["labels"].tolist() == list(range(6))
        np.testing.assert_allclose(told["probabilities"], [one["prob"] for one in shown], atol=1e-5)
        np.testing.assert_allclose(told["fc7"], [one["fc7"] for one in shown], rtol=1e-3, atol=1e-3)


def test_sentences(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(data, "out", "--resume") == 2
    assert "There is no checkpoint in" in capsys.readouterr().err
    (data / "out").mkdir()
    (data / "out" / "checkpoint.pt").write_bytes(b"broken")
    assert run(data, "out") == 2
    assert "holds a run already; add --resume" in capsys.readouterr().err
    assert run(data, "out", "--resume") == 2
    assert "is no checkpoint of training.run" in capsys.readouterr().err
    if not torch.cuda.is_available():
        assert run(data, "new", "--device", "cuda") == 2
        assert "torch finds no CUDA GPU here" in capsys.readouterr().err
    write_class_folders(data / "five", "train", 5, 1)
    write_class_folders(data / "five", "val", 5, 1)
    argv = ["toy", "--data", str(data / "five"), "--out", str(data / "new"), "--cache", str(data / "cache")]
    assert training.run.main(argv) == 2
    assert "recipe toy is for 6, the same in both" in capsys.readouterr().err


def test_wrong_classes_are_noticed_before_anything_is_decoded(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, picture_file in enumerate(sorted((data / "data" / "val").rglob("*.*"))):  # flat, as ILSVRC's own tar is
        picture_file.rename(data / "data" / "val" / f"{number}{picture_file.suffix}")
    for folder in (data / "data" / "val").iterdir():
        if folder.is_dir():
            folder.rmdir()
    assert run(data, "out") == 2
    assert "6 training and 0 validation classes, a folder each" in capsys.readouterr().err
    assert not list((data / "cache").glob("*"))
    assert run(data, "out", "--from", str(data / "nothing.onnx")) == 2
    assert "nothing.onnx to start from" in capsys.readouterr().err


def test_the_output_layer_is_judged_in_float32(data: Path) -> None:
    """In bfloat16, logits lie on a grid of 8 bits, and classes tie that do not."""
    net = AlexNet(TOY).eval()
    crops = 30 * torch.randn(8, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        judged = judged_logits(net, crops, torch.bfloat16)
        assert judged.dtype == torch.float32
        assert (judged != judged.bfloat16().float()).any()
        torch.testing.assert_close(judged, net(crops), rtol=0.05, atol=0.05)
        torch.testing.assert_close(judged_logits(net, crops, None), net(crops))


def test_progress_counts_the_whole_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Step 50 of 289 in the 2nd of 32 epochs at 100 pictures a second: (32 * 289 - 289 - 50) * 64 / 100 / 60 minutes."""
    recipe = dataclasses.replace(RECIPE, epochs=32, batch_size=64)
    pictures = prepare(data / "data", "train", data / "cache")
    capsys.readouterr()
    long = Run(recipe, pictures, pictures, data, torch.device("cpu"))
    long.epoch, long.step, long.num_steps = 1, 50, 289
    long._look(100.0)
    line = capsys.readouterr().err
    assert line.startswith("epoch 2 of 32, step 50 of 289, loss 0.000, 100 pictures/s, 95 minutes left")


def test_precision() -> None:
    """bf16 where the processor multiplies it, never 16-bit floats of the other kind."""
    native = torch.cpu._is_avx512_bf16_supported()
    assert autocast_dtype(torch.device("cpu")) == (torch.bfloat16 if native else None)


def test_best_is_the_epoch_with_the_least_error(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = iter([50.0, 30.0, 40.0, 40.0, 40.0])
    monkeypatch.setattr(Run, "evaluate", lambda self, pictures, ten_crop=False: Errors(next(errors), 5.0, 6, 1))
    assert run(data, "out") == 0
    assert load_checkpoint(data / "out" / "best.pt")["epoch"] == 2
    assert load_checkpoint(data / "out" / "checkpoint.pt")["epoch"] == 3


def test_starting_from_another_run(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every layer whose shape fits; here all but the classes', as when the conv6 net is fine-tuned."""
    assert run(data, "first") == 0
    first = load_checkpoint(data / "first" / "checkpoint.pt")["weights"]
    for split in ("train", "val"):
        write_class_folders(data / "four", split, 4, 1)
    four = dataclasses.replace(RECIPE, net=dataclasses.replace(TOY, num_classes=4), epochs=0)
    monkeypatch.setattr(training.recipe, "load", lambda name: four)
    found: list[Run] = []
    monkeypatch.setattr(Run, "fit", lambda self: found.append(self))
    monkeypatch.setattr(Run, "evaluate", lambda *_, **__: pytest.fail("nothing to evaluate"))
    argv = ["four", "--data", str(data / "four"), "--out", str(data / "second"), "--cache", str(data / "cache")]
    with pytest.raises(pytest.fail.Exception):
        training.run.main([*argv, "--from", str(data / "first" / "checkpoint.pt"), "--device", "cpu"])
    assert "new: fc8.weight, fc8.bias. Its history comes before this run's: 16 moments" in capsys.readouterr().out
    assert len(history.read(data / "second" / "earlier.npz").epochs) == 16
    how = json.loads((data / "second" / "run.json").read_text())
    assert how["from"].endswith("first/checkpoint.pt")
    (before,) = how["trained_before"]
    assert (before["recipe"], before["epochs"]) == ("toy", 3)
    assert 0 < before["hours"] < 1
    for name, w in found[0].net.state_dict().items():
        assert name.startswith("fc8") or torch.equal(w, first[name])


def test_starting_from_a_model_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a shipped model knows is what the run starts with."""
    assert run(data, "first") == 0
    shipped = Explorer.open(data / "first" / "model.onnx").weights
    assert run(data, "second", "--from", str(data / "first" / "model.onnx"), "--limit", "1") == 0
    assert "new: nothing" in capsys.readouterr().out
    (before,) = json.loads((data / "second" / "run.json").read_text())["trained_before"]
    assert (before["recipe"], before["epochs"]) == ("toy", 3)
    start = np.load(data / "second" / "kernels" / "conv1_000.npy")
    assert (start == shipped["conv1.weight"].astype(np.float16)).all()


def test_few_pictures_between_epochs_and_all_at_the_end(data: Path) -> None:
    assert run(data, "few", "--validate-on", "2") == 0
    last = load_checkpoint(data / "few" / "checkpoint.pt")["metrics"][-1]
    assert last["val_top1_error"] in (0, 50, 100)
    assert last["num_judged"] == 2
    assert run(data, "all") == 0
    few, whole = (Explorer.open(data / out / "model.onnx").info.metrics for out in ("few", "all"))
    assert few["num_images"] == 6
    assert {**few, "hours": 0} == {**whole, "hours": 0}
