"""A full-size training step on this CPU, over its bare convolutions and matrix products."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

import training.recipe
from benchmarks.figure import Figure, compare, speed_up
from model.alexnet import AlexNet
from model.layers import Layer
from training.recipe import Recipe
from training.step import Momentum, autocast_dtype, keep_freed_memory, train_step

BATCH, ROUNDS, GOAL = 64, 5, 0.7


def measure() -> list[Figure]:
    """What share of a step the bare products would take."""
    keep_freed_memory()
    dtype = autocast_dtype(torch.device("cpu"))
    times = compare(full_step(torch.device("cpu"), dtype), bare_products(dtype), ROUNDS)
    what = (
        f"the bare convolutions and matrix products of a full-size step, there and back, over the step (forward, "
        f"backward, update; batch {BATCH}, {dtype or torch.float32}; {1e3 * BATCH / times[0]:.0f} pictures a second)"
    )
    return [speed_up("step_cpu", times, ROUNDS, what, GOAL)]


def recipe() -> Recipe:
    return training.recipe.load("imagenet20")


def full_step(device: torch.device, dtype: torch.dtype | None) -> Callable[[], object]:
    """One step of imagenet20 on random pixels; it ends when the device has done it."""
    torch.manual_seed(0)
    net = AlexNet(recipe().net).initialize(recipe().std, recipe().middle_std)
    net = net.to(device).to(memory_format=torch.channels_last).train()
    optimizer = Momentum(recipe(), net)
    optimizer.set_factor(0.01)
    crops = (50 * torch.randn(BATCH, 3, 224, 224, device=device)).to(memory_format=torch.channels_last)
    labels = torch.randint(20, (BATCH,), device=device)
    return lambda: train_step(net, optimizer, crops, labels, dtype)[0].item()


def bare_products(dtype: torch.dtype | None) -> Callable[[], object]:
    """The same layers' products alone, in the dtype that they are computed in, forwards and backwards."""
    size, calls = (3, 227), []
    for row in recipe().net.layers:
        if row.weight_shape:
            calls.append(_product(row, size, dtype or torch.float32))
        size = (row.units, row.size_px)
    return lambda: [call() for call in calls]


def _product(row: Layer, size: tuple[int, int], dtype: torch.dtype) -> Callable[[], object]:
    assert row.weight_shape
    if row.kind == "conv":
        shape: tuple[int, ...] = (BATCH, size[0], size[1], size[1])
        memory = torch.channels_last
        pad = row.pad[0]
    else:
        shape, memory, pad = (BATCH, row.weight_shape[1]), torch.contiguous_format, 0
    x = torch.randn(shape, dtype=dtype).to(memory_format=memory).requires_grad_(row.name != "conv1")
    w = torch.randn(row.weight_shape, dtype=dtype).to(memory_format=memory).requires_grad_()
    b = torch.zeros(row.units, dtype=dtype, requires_grad=True)

    def forward() -> Tensor:
        if row.kind == "conv":
            return F.conv2d(x, w, b, row.stride, pad, groups=row.groups)
        return F.linear(x, w, b)

    grad = torch.randn_like(forward())
    wanted = [t for t in (x, w, b) if t.requires_grad]
    return lambda: torch.autograd.grad(forward(), wanted, grad)
