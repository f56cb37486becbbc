"""Two processes, one tower each, against one process with both: the same loss, gradients, weights and checkpoints."""

import contextlib
import dataclasses
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from model.alexnet import AlexNet
from model.export import load_checkpoint
from model.layers import PAPER, Config
from tests.toys import TOY, write_class_folders
from training import towers
from training.prepare import prepare
from training.recipe import Recipe
from training.schedule import Cosine
from training.step import Momentum
from training.towers import Layout, Parallel, PartOfDropout, Tower, layout
from training.trainer import Interrupted, Run

RECIPE = Recipe(name="toy", net=TOY, schedule=Cosine(), epochs=2, batch_size=6, bias_lr=0.02, std=0.02, middle_std=0.1)
BATCH, STEPS = 6, 3
Found = dict[str, Any]


def launch(world_size: int, work: Callable[..., None], *args: object) -> None:
    """Run `work(rank, world_size, *args)` in as many processes, joined by gloo."""
    port = str(29500 + os.getpid() % 2000 + next(_calls))
    mp.spawn(_join, (world_size, port, work, args), nprocs=world_size)  # type: ignore[attr-defined, no-untyped-call]


_calls = itertools.count()


def _join(rank: int, world_size: int, port: str, work: Callable[..., None], args: tuple[object, ...]) -> None:
    os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=world_size)
    try:
        work(rank, world_size, *args)
    finally:
        dist.destroy_process_group()


def learn(config: Config, place: Layout) -> Found:
    """A few steps in float64, as the trainer does them: losses, the first gradients, the last weights, traffic."""
    torch.manual_seed(0)
    start = AlexNet(config).initialize(std=0.02, middle_std=0.1)
    net = start if place.towers == 1 else Tower(config, place)
    with torch.no_grad():
        for name, w in net.named_parameters():
            w.copy_(towers.part(name, start.state_dict()[name], place))
    net = net.double().train()
    if place.mesh and config.dropout:
        net.dropout = PartOfDropout(place)
        net.dropout.batch = BATCH
    group = place.group("pair") if place.num_pairs > 1 else None
    model = DistributedDataParallel(net, process_group=group) if group else net
    optimizer = Momentum(dataclasses.replace(RECIPE, net=config, lr=0.003), net)
    optimizer.set_factor(1.0)
    losses, gradients, rows = [], {}, place.rows(BATCH)
    for step in range(STEPS):
        torch.manual_seed(step)
        x = 50 * torch.randn(BATCH, 3, 224, 224, dtype=torch.float64)
        labels = torch.randint(6, (BATCH,))
        torch.manual_seed(100 + step)  # dropout
        optimizer.zero_grad()
        if isinstance(net, Tower):
            net.step_bytes.clear()
        loss = F.cross_entropy(model(x[rows]), labels[rows], reduction="sum") / (BATCH / place.num_pairs)
        loss.backward()
        if step == 0:
            gradients = towers.whole({name: w.grad for name, w in net.named_parameters() if w.grad is not None}, net)
            gradients = {name: grad.clone() for name, grad in gradients.items()}
        optimizer.step()
        losses.append(place.total(loss.item())[0] / place.num_pairs)
    sent = dict(net.step_bytes) if isinstance(net, Tower) else {}
    weights = towers.whole({name: w.detach() for name, w in net.named_parameters()}, net)
    return {"losses": losses, "gradients": gradients, "weights": weights, "sent": sent}


def learn_part(rank: int, world_size: int, config: Config, parallel: Parallel, out: Path) -> None:
    found = learn(config, layout(parallel, config, rank, world_size, "cpu"))
    if rank == 0:
        torch.save(found, out)


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert (found[name] - tensor).abs().max() <= 1e-8 * tensor.abs().max() + 1e-12, name


@pytest.mark.parametrize(
    ("config", "parallel", "world_size"),
    [
        (TOY, "towers", 2),
        (TOY, "data", 2),
        (TOY, "towers", 4),
        (dataclasses.replace(TOY, conv3_reads_both=False, conv6=True), "towers", 2),
    ],
    ids=["two towers", "data parallel", "two pairs of towers", "conv6, no cross-talk"],
)
def test_equal_to_one_process(config: Config, parallel: Parallel, world_size: int, tmp_path: Path) -> None:
    launch(world_size, learn_part, config, parallel, tmp_path / "found.pt")
    found, expected = torch.load(tmp_path / "found.pt", weights_only=True), learn(config, Layout())
    assert found["losses"] == pytest.approx(expected["losses"], rel=1e-12)
    assert_same(found["gradients"], expected["gradients"])
    assert_same(found["weights"], expected["weights"])


def test_traffic_by_hand(tmp_path: Path) -> None:
    """Values of 8 bytes: half of what conv3, fc6, fc7 read, there and back; the class scores one way."""
    launch(2, learn_part, TOY, "towers", tmp_path / "found.pt")
    sent = torch.load(tmp_path / "found.pt", weights_only=True)["sent"]
    conv3, fc6, fc7 = 8 * 13 * 13, 8 * 6 * 6, 16
    values = {"conv3": 2 * conv3, "fc6": 2 * fc6, "fc7": 2 * fc7, "fc8": 6}
    assert sent == {layer: 8 * BATCH * count for layer, count in values.items()}


def test_towers_halve_the_paper() -> None:
    with torch.device("meta"):
        tower = Tower(PAPER, Layout(towers=2))
    shapes = {name: tuple(w.shape) for name, w in tower.named_parameters()}
    assert shapes["conv2.weight"] == (128, 48, 5, 5)
    assert shapes["conv3.weight"] == (192, 256, 3, 3)
    assert shapes["fc6.weight"] == (2048, 9216)
    assert shapes["fc8.weight"] == (1000, 2048)
    assert sum(w.numel() for w in tower.parameters()) == (60_965_224 - 1000) // 2 + 1000
    assert "it holds 365.8 MB of weights, gradients and velocities, the whole net 731.6 MB" in towers.report(tower)


def train(rank: int, world_size: int, parallel: Parallel, folder: Path, out: Path, stop: int, resume: bool) -> None:
    """Train in full precision, up to `stop` steps, the weights of the last epoch averaged."""
    place = layout(parallel, TOY, rank, world_size, "cpu")
    pictures, val = (prepare(folder / "data", split, folder / "cache") for split in ("train", "val"))
    run = Run(dataclasses.replace(RECIPE, average_epochs=1), pictures, val, out, torch.device("cpu"), place)
    run.dtype = None
    if resume:
        run.restore()
    step, steps = run.learn, 0

    def counted(squares: Tensor, labels: Tensor) -> None:
        nonlocal steps
        step(squares, labels)
        steps += 1
        if steps == stop:
            run.save()
            raise Interrupted

    run.learn = counted  # type: ignore[method-assign]
    with contextlib.suppress(Interrupted):
        run.fit()


@pytest.mark.parametrize("parallels", [("towers", "none"), ("none", "towers")], ids=" then ".join)
def test_a_checkpoint_is_one_format(parallels: tuple[Parallel, Parallel], tmp_path: Path) -> None:
    """Left off in the second of two epochs of three steps, while the mean of weights is taken."""
    write_class_folders(tmp_path / "data", "train", 6, 3)
    write_class_folders(tmp_path / "data", "val", 6, 1)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    train(0, 1, "none", tmp_path, whole, 99, False)
    for i, parallel in enumerate(parallels):
        args = (parallel, tmp_path, parts, (4, 99)[i], i == 1)
        if parallel == "none":
            train(0, 1, *args)
        else:
            launch(2, train, *args)
    found, expected = load_checkpoint(parts / "checkpoint.pt"), load_checkpoint(whole / "checkpoint.pt")
    assert found["epoch"] == 2
    assert found["num_averaged"] == expected["num_averaged"] == 4
    for key in ("weights", "trained", "velocities"):
        for name, tensor in expected[key].items():
            torch.testing.assert_close(found[key][name], tensor, rtol=1e-3, atol=1e-5)
    assert [row["train_loss"] for row in found["metrics"]] == pytest.approx(
        [row["train_loss"] for row in expected["metrics"]], rel=1e-4
    )
    assert [row["val_top1_error"] for row in found["metrics"]] == [row["val_top1_error"] for row in expected["metrics"]]


@pytest.mark.slow
def test_torchrun(tmp_path: Path) -> None:
    """The README's command, interrupted by nothing: two towers train, report their traffic and export one file."""
    write_class_folders(tmp_path / "data", "train", 20, 4)
    write_class_folders(tmp_path / "data", "val", 20, 1)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29499"]
    command = [*torchrun, "-m", "training.run", "smoke", "--parallel", "towers", "--device", "cpu"]
    places = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    done = subprocess.run([*command, *places], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ten crops:") == 1
    assert "a tower sends a step: conv3 " in done.stdout
    assert (tmp_path / "out" / "model.onnx").exists()


def test_sentences() -> None:
    with pytest.raises(ValueError, match="2 processes were started; say --parallel towers or --parallel data"):
        layout("none", TOY, 0, 2, "cpu")
    with pytest.raises(ValueError, match="--parallel towers wants an even number of processes, not 3"):
        layout("towers", TOY, 0, 3, "cpu")
    with pytest.raises(ValueError, match="--parallel data wants two or more processes, not 1"):
        layout("data", TOY, 0, 1, "cpu")
    with pytest.raises(ValueError, match="This recipe's net has one tower; use --parallel data"):
        layout("towers", dataclasses.replace(TOY, towers=1), 0, 2, "cpu")


def test_rows_are_shared_in_order() -> None:
    shares = [Layout(num_pairs=3, rank=rank).rows(10) for rank in range(3)]
    assert [list(range(10))[rows] for rows in shares] == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]
