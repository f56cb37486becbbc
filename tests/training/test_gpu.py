"""What only a CUDA GPU can show: the same crops, the same step, two towers over NCCL. Nobody has run these yet."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model.layers import LRN
from model.normalization import local_response_norm
from tests.toys import toy_net, write_class_folders
from training.augment import Augment
from training.recipe import Recipe
from training.schedule import Cosine
from training.step import Momentum, train_step

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")]


def test_crops_are_the_cpus() -> None:
    squares = torch.randint(0, 256, (16, 256, 256, 3), dtype=torch.uint8)
    mean, components = 100 * torch.rand(256, 256, 3), 20 * torch.eye(3)
    for crop_px in ((224, 224), (144, 256)):
        crops = []
        for device in ("cpu", "cuda"):
            cut = Augment(mean=mean.to(device), components=components.to(device), crop_px=crop_px)
            crops.append(cut(squares.to(device), cut.draw(16, torch.Generator().manual_seed(0))).cpu())
        torch.testing.assert_close(crops[1], crops[0], rtol=0, atol=1e-3 if crop_px[0] == 224 else 1.5)


def test_normalisation_is_the_cpus() -> None:
    x = 20 * torch.randn(2, 96, 27, 27)
    torch.testing.assert_close(local_response_norm(x.cuda(), LRN(), 2).cpu(), local_response_norm(x, LRN(), 2))


def test_step_is_the_cpus() -> None:
    x, labels = 50 * torch.randn(8, 3, 224, 224), torch.randint(6, (8,))
    recipe, losses = Recipe(name="toy", net=toy_net().config, schedule=Cosine(), epochs=1, lr=0.003), []
    for device in ("cpu", "cuda"):
        net = toy_net().to(device).eval()  # no dropout: the two draw differently
        optimizer = Momentum(recipe, net)
        optimizer.set_factor(1.0)
        steps = [train_step(net, optimizer, x.to(device), labels.to(device), None)[0].item() for _ in range(3)]
        losses.append(steps)
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_towers_over_nccl(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "data", "train", 20, 4)
    write_class_folders(tmp_path / "data", "val", 20, 1)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    places = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    command = [*torchrun, "-m", "training.run", "smoke", "--parallel", "towers", "--device", "cuda", *places]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.onnx").exists()
