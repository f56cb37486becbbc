"""On a CUDA GPU: training from a prepared set, against the same step on pixels that are there already, and torchvision's AlexNet.

Nobody has run this yet: there was no GPU.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

from benchmarks.figure import Figure, compare, speed_up
from benchmarks.loader_u8 import write_jpegs
from benchmarks.step_cpu import BATCH, full_step
from benchmarks.step_cpu import recipe as small_crops
from model.layers import CROP_PX
from training import data
from training.prepare import prepare_into
from training.prepared import open_prepared
from training.recipe import Recipe
from training.trainer import Run

ROUNDS, STEPS = 7, 20
GOAL = 0.95


def recipe() -> Recipe:
    """imagenet20 on whole crops, as the references have them."""
    return replace(small_crops(), crop_px=(CROP_PX, CROP_PX), input_px=((0, CROP_PX),), batch_size=BATCH)


def measure() -> list[Figure]:
    """Both references over ours, pictures a second."""
    if not torch.cuda.is_available():
        raise ValueError("it needs a CUDA GPU, and there is none here.")
    device = torch.device("cuda", 0)
    with tempfile.TemporaryDirectory() as folder:
        write_jpegs(Path(folder) / "source")
        prepare_into(Path(folder) / "source", Path(folder) / "prepared", "train", "u8")
        data.GPU_SHARE = 0.0  # from the disk: so few pictures would live on the GPU
        end_to_end = _end_to_end(Path(folder) / "prepared", device)
        synthetic = full_step(device, torch.bfloat16)
        fed = compare(end_to_end, _repeated(synthetic), ROUNDS)
        peer = compare(end_to_end, _repeated(_torchvision_step(device)), ROUNDS)
    hardware = torch.cuda.get_device_name()
    what = f"the same {STEPS} steps on pixels already there over training from a prepared set, {hardware}"
    other = f"{STEPS} steps of torchvision's AlexNet, its reference recipe in float32, over ours, {hardware}"
    return [
        speed_up("train_cuda fed", fed, ROUNDS, what, GOAL),
        speed_up("train_cuda torchvision", peer, ROUNDS, other),
    ]


def _end_to_end(folder: Path, device: torch.device) -> Callable[[], object]:
    pictures = open_prepared(folder)
    run = Run(recipe(), pictures, pictures, folder, device)
    run.num_steps = 10**9  # one long epoch
    chance = np.random.default_rng(0)
    parts = (np.sort(chance.integers(0, len(pictures.labels), recipe().batch_size)) for _ in itertools.count())
    batches = run.feed.batches(parts)

    def steps() -> None:
        for squares, labels in itertools.islice(batches, STEPS):
            run.learn(squares, labels)
            run.step = 0
        run.loss_sum.item()

    return steps


def _repeated(step: Callable[[], object]) -> Callable[[], object]:
    return lambda: [step() for _ in range(STEPS)]


def _torchvision_step(device: torch.device) -> Callable[[], object]:
    """github.com/pytorch/vision, references/classification: SGD with momentum .9, decay 1e-4, rate .01."""
    net = torchvision.models.alexnet(num_classes=20).to(device).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    crops = torch.randn(recipe().batch_size, 3, 224, 224, device=device)
    labels = torch.randint(20, (recipe().batch_size,), device=device)

    def step() -> object:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(crops), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
