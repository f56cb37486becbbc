"""A run that was stopped, killed or failed: the same numbers to the last bit, or nothing lost and a sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import training.evaluate
import training.recipe
import training.run
import training.trainer
from model.explorer import Explorer
from model.export import load_checkpoint
from model.provenance import commit, cpu
from tests.toys import TOY, write_class_folders
from tests.training.toy_run import losses, run, weights
from training.evaluate import Errors
from training.history import pack
from training.recipe import Recipe
from training.schedule import Cosine
from training.trainer import Run


@pytest.mark.parametrize(
    ("stopped_at", "step"),
    [(7, 2), (5, 5), (15, 5)],
    ids=["in an epoch", "while it validates", "in the last validation"],
)
def test_resume_continues_to_the_same_bits(
    data: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: int, step: int
) -> None:
    assert run(data, "whole") == 0
    learn, steps = Run.learn, 0

    def stop_there(self: Run, squares: torch.Tensor, labels: torch.Tensor) -> None:  # of 5 steps an epoch
        nonlocal steps
        steps += 1
        self.stop = self.stop or steps == stopped_at
        learn(self, squares, labels)

    monkeypatch.setattr(Run, "learn", stop_there)
    assert run(data, "parts") == 0
    assert load_checkpoint(data / "parts" / "checkpoint.pt")["step"] == step
    assert not (data / "parts" / "model.onnx").exists()
    assert run(data, "parts", "--resume") == 0
    whole, parts = weights(data / "whole"), weights(data / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert losses(data / "parts") == losses(data / "whole")
    assert len(losses(data / "whole")) == 3
    (resumed,) = json.loads((data / "parts" / "run.json").read_text())["resumed"]
    assert (resumed["step"], resumed["commit"], resumed["hardware"]) == (step, commit(), cpu())


def test_stopped_in_the_last_judgement(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All epochs are done; what is left is to judge and to export."""
    judge = training.evaluate.evaluate

    def stopping(probabilities: Any, pictures: Any, mean: Any, ten_crop: bool = False, **more: Any) -> Errors:
        os.kill(os.getpid(), signal.SIGINT) if ten_crop else None
        return judge(probabilities, pictures, mean, ten_crop, **more)

    with monkeypatch.context() as patch:
        patch.setattr(training.trainer, "evaluate", stopping)
        assert run(data, "out") == 0
    assert not (data / "out" / "model.onnx").exists()
    before = weights(data / "out")
    assert run(data, "out", "--resume") == 0
    assert (data / "out" / "model.onnx").exists()
    assert all(torch.equal(w, before[name]) for name, w in weights(data / "out").items())
    assert len(losses(data / "out")) == 3


def test_minutes_leave_off_and_judge_what_there_is(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven of five steps an epoch: 1.4 epochs, one line of metrics; then on to the same bits."""
    assert run(data, "whole") == 0
    learn = Run.learn

    def late(self: Run, squares: torch.Tensor, labels: torch.Tensor) -> None:
        learn(self, squares, labels)
        if (self.epoch, self.step) == (1, 2):
            self.deadline = 0.0

    with monkeypatch.context() as patch:
        patch.setattr(Run, "learn", late)
        assert run(data, "out", "--minutes", "60") == 0
    assert len(losses(data / "out")) == 1
    metrics = Explorer.open(data / "out" / "model.onnx", "cpu").info.metrics
    assert metrics["epochs"] == 1.4
    kept = np.load(data / "out" / "kernels" / "conv1_001.400.npy")  # the story ends in what is exported
    np.testing.assert_array_equal(kept, weights(data / "out")["conv1.weight"].numpy().astype(np.float16))
    assert 0 < metrics["hours"] < 0.1
    assert run(data, "out", "--resume") == 0
    whole, parts = weights(data / "whole"), weights(data / "out")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_run_that_came_to_nothing_leaves_no_history(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed before its first checkpoint: its moments are not another run's, and a user's own files stay.

    A run whose checkpoint was removed is none of these, and loses nothing.
    """
    for name in ("kernels/conv1_000.500.npy", "pictures/000.500.npz", "pictures/mine.npz", "earlier.npz"):
        (data / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (data / "out" / name).write_bytes(b"stale")
    assert run(data, "out") == 0
    assert not (data / "out" / "earlier.npz").exists()
    kept = {file.name for file in (data / "out").glob("*/*.np*")}
    assert "mine.npz" in kept
    assert not {"conv1_000.500.npy", "000.500.npz"} & kept
    (data / "out" / "checkpoint.pt").unlink()
    assert run(data, "out") == 2
    assert "holds a run, or a model, without its checkpoint; give another --out." in capsys.readouterr().err
    assert kept == {file.name for file in (data / "out").glob("*/*.np*")}


def test_another_recipe_cannot_resume(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(data, "out") == 0
    other = Recipe(name="toy", net=TOY, schedule=Cosine(warmup=0.1), epochs=4)
    monkeypatch.setattr(training.recipe, "load", lambda name: other)
    assert run(data, "out", "--resume") == 2
    assert "was made with another recipe; give another --out" in capsys.readouterr().err


def test_other_pictures_cannot_resume(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, "out") == 0
    (data / "data").rename(data / "before")
    for split, per_class in (("train", 3), ("val", 1)):
        write_class_folders(data / "data", split, 6, per_class)
    for file in (data / "data" / "train" / "n0").iterdir():
        Image.new("RGB", (300, 300), "white").save(file)
    assert run(data, "out", "--resume") == 2
    assert "was made with other pictures; give another --out" in capsys.readouterr().err


def test_another_limit_cannot_resume(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, "out", "--limit", "6") == 0
    assert run(data, "out", "--resume") == 2
    assert "was made with --limit 6; resume with it" in capsys.readouterr().err


def test_killed_between_checkpoint_and_the_rest(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a checkpoint is made up for: metrics, kernels, best.pt."""
    with monkeypatch.context() as patch:
        patch.setattr(Run, "_write_metrics", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        run(data, "out")
    assert not (data / "out" / "metrics.jsonl").exists()
    errors = iter([90.0, 90.0, 90.0, 90.0])  # the first epoch stays the best
    monkeypatch.setattr(Run, "evaluate", lambda self, pictures, ten_crop=False: Errors(next(errors), 5.0, 6, 1))
    assert run(data, "out", "--resume") == 0
    assert load_checkpoint(data / "out" / "best.pt")["epoch"] == 1
    assert len(losses(data / "out")) == 3
    assert all((data / "out" / "kernels" / f"conv1_{epoch:03d}.npy").exists() for epoch in range(4))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_signals_save_and_exit_cleanly(tmp_path: Path, signum: signal.Signals) -> None:
    """The real command, stopped from outside as it trains, then finished."""
    write_class_folders(tmp_path / "data", "train", 20, 8)
    write_class_folders(tmp_path / "data", "val", 20, 1)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "training.run", "smoke", "--data", str(tmp_path / "data"), "--out", str(out)]
    command += ["--cache", str(tmp_path / "cache"), "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout
    assert process.stdout.readline().startswith("smoke: 160 pictures, 5 steps an epoch, on cpu")
    time.sleep(0.2)
    process.send_signal(signum)
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "Stopped; the checkpoint is saved. Go on with the same command and --resume." in rest
    finished = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr
    assert (out / "model.onnx").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows neither forks nor kills")
def test_killed_twenty_times_ends_with_the_same_weights(tmp_path: Path) -> None:
    """SIGKILL at random moments: while it reads, trains, validates or saves."""
    write_class_folders(tmp_path / "data", "train", 2, 4)
    write_class_folders(tmp_path / "data", "val", 2, 1)
    for name, kills in (("undisturbed", "0"), ("killed", "20")):
        places = [str(tmp_path / folder) for folder in ("data", name, "cache")]
        command = [sys.executable, "-m", "tests.training.killed", *places, kills]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(f"killed {kills} times\n")
    whole, killed = weights(tmp_path / "undisturbed"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    assert losses(tmp_path / "killed") == losses(tmp_path / "undisturbed")
    assert len(losses(tmp_path / "killed")) == 40
    told, killed_told = (pack(tmp_path / name) for name in ("undisturbed", "killed"))
    assert np.array_equal(told.codes, killed_told.codes)


def test_a_full_disk_keeps_the_last_checkpoint(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save, calls = torch.save, 0

    def full(state: Any, file: Any) -> None:
        nonlocal calls
        calls += 1
        save(state, file)
        if calls == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    assert run(data, "out") == 2
    assert "checkpoint.pt could not be written ([Errno 28] No space left on device)" in capsys.readouterr().err
    assert load_checkpoint(data / "out" / "checkpoint.pt")["epoch"] == 1
    assert not list((data / "out").glob("*.partial"))
    monkeypatch.setattr("torch.save", save)
    assert run(data, "out", "--resume") == 0
    assert run(data, "whole") == 0
    assert losses(data / "out") == losses(data / "whole")


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = Run.learn

    def explode(self: Run, squares: torch.Tensor, labels: torch.Tensor) -> None:
        if (self.epoch, self.step) == (1, 2):
            self.net.fc8.weight.data.fill_(float("inf"))
        learn(self, squares, labels)

    monkeypatch.setattr(Run, "learn", explode)
    assert run(data, "out") == 2
    assert "The loss is nan in epoch 2, by step 5; lower the rate and start anew" in capsys.readouterr().err
    state = load_checkpoint(data / "out" / "checkpoint.pt")
    assert (state["epoch"], state["step"]) == (1, 0)
    assert all(w.isfinite().all() for w in state["weights"].values())
