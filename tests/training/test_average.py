"""The mean of the last epochs' weights: by hand, resumed to the same bits, and never in the place of what is trained."""

import dataclasses
from pathlib import Path

import pytest
import torch

import training.recipe
from model.explorer import Explorer
from model.export import load_checkpoint
from tests.toys import toy_net
from tests.training.toy_run import RECIPE, run, weights
from training.average import RunningMean
from training.trainer import Run

AVERAGED = dataclasses.replace(RECIPE, average_epochs=1)  # of three, of five steps each


def test_mean_by_hand() -> None:
    """The mean of 0, 3 and 6, and the nets stay apart."""
    trained, other = toy_net(seed=0), toy_net(seed=1)
    trained.fc8.bias.data.fill_(0)
    mean = RunningMean(other, trained)
    for value in (3.0, 6.0):
        trained.fc8.bias.data.fill_(value)
        mean.add(trained)
    assert mean.count == 3
    assert mean.net.fc8.bias.tolist() == pytest.approx([3.0] * 6)
    assert trained.fc8.bias.tolist() == [6.0] * 6
    torch.testing.assert_close(mean.net.conv1.weight, trained.conv1.weight)


def test_a_run_ends_with_the_mean_of_its_last_epoch(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.recipe, "load", lambda name: AVERAGED)
    learn, seen = Run.learn, []

    def watched(self: Run, squares: torch.Tensor, labels: torch.Tensor) -> None:
        before = self.net.fc8.weight.detach().clone()
        learn(self, squares, labels)
        if self.epoch == 2:
            seen.extend(
                [before, self.net.fc8.weight.detach().clone()]
                if self.step == 1
                else [self.net.fc8.weight.detach().clone()]
            )

    monkeypatch.setattr(Run, "learn", watched)
    assert run(data, "out") == 0
    assert len(seen) == 6
    state = load_checkpoint(data / "out" / "checkpoint.pt")
    torch.testing.assert_close(state["weights"]["fc8.weight"], torch.stack(seen).mean(0))
    assert torch.equal(state["trained"]["fc8.weight"], seen[-1])
    exported = Explorer.open(data / "out" / "model.onnx", "cpu").weights["fc8.weight"]
    torch.testing.assert_close(torch.from_numpy(exported.copy()), state["weights"]["fc8.weight"])


@pytest.mark.parametrize("stopped_at", [10, 12, 15], ids=["before it begins", "within", "in the last validation"])
def test_resume_continues_to_the_same_bits(data: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: int) -> None:
    monkeypatch.setattr(training.recipe, "load", lambda name: AVERAGED)
    assert run(data, "whole") == 0
    learn, steps = Run.learn, 0

    def stop_there(self: Run, squares: torch.Tensor, labels: torch.Tensor) -> None:
        nonlocal steps
        steps += 1
        self.stop = self.stop or steps == stopped_at
        learn(self, squares, labels)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "learn", stop_there)
        assert run(data, "parts") == 0
    assert not (data / "parts" / "model.onnx").exists()
    assert run(data, "parts", "--resume") == 0
    whole, parts = weights(data / "whole"), weights(data / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    trained = [load_checkpoint(data / name / "checkpoint.pt")["trained"] for name in ("whole", "parts")]
    assert all(torch.equal(w, trained[1][name]) for name, w in trained[0].items())


def test_an_older_checkpoint_knows_of_no_mean(data: Path) -> None:
    """A recipe of fewer fields is the same recipe where the others have their defaults."""
    assert run(data, "out") == 0
    path = data / "out" / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    del state["recipe"]["average_epochs"]
    torch.save(state, path)
    assert run(data, "out", "--resume") == 0
