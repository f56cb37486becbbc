"""Response normalisation, forward and backward in float32, against torch's own and against the memory's speed."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.figure import Figure, compare, cost, speed_up
from model.layers import LRN
from model.normalization import local_response_norm

BATCH, N = 32, 7
SHAPES = {"conv1": (96, 55), "conv2": (256, 27)}


def ours(x: Tensor, grad: Tensor) -> None:
    """Forward and backward by this project."""
    local_response_norm(x.detach().requires_grad_(), LRN(), towers=2).backward(grad)


def torchs(x: Tensor, grad: Tensor) -> None:
    """Forward and backward by torch, which divides alpha by n."""
    F.local_response_norm(x.detach().requires_grad_(), 5, 5e-4, 0.75, 2.0).backward(grad)


def copies(x: Tensor, to: Tensor) -> None:
    """x -> y, d and x, d, grad -> dx: seven passes over memory are three and a half copies."""
    for part in (slice(None), slice(None), slice(None), slice(BATCH // 2)):
        to[part].copy_(x[part])


def measure() -> list[Figure]:
    """Two figures a layer: times faster than torch in its faster layout, and times the bare copying."""
    figures = []
    for layer, (channels, size) in SHAPES.items():
        maps = torch.randn(2, BATCH, channels, size, size).relu()
        by_pixel = [t.contiguous(memory_format=torch.channels_last) for t in maps]
        candidates = [compare(partial(ours, *by_pixel), partial(torchs, *layout), N) for layout in (maps, by_pixel)]
        what = f"torch's F.local_response_norm over ours, {layer}'s output, batch {BATCH}, forward + backward, float32"
        figures.append(speed_up(f"lrn_cpu {layer}", min(candidates, key=lambda t: t[1]), N, what, at_least=5))
        times = compare(partial(ours, *by_pixel), partial(copies, *by_pixel), N)
        what = f"ours over a bare copy of the bytes it has to read and write, {layer}'s output"
        figures.append(cost(f"lrn_cpu {layer} bandwidth", times, N, what))
    return figures
