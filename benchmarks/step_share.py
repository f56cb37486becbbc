"""What share of a full-size training step each layer takes, and how far the step is from the device's limits."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.figure import Figure, compare, cost
from benchmarks.step_cpu import BATCH, full_step, recipe
from model.alexnet import AlexNet
from model.layers import CROP_PX, Layer
from model.normalization import local_response_norm
from training.step import autocast_dtype, keep_freed_memory

ROUNDS = 5
WEIGHT_PASSES = 2 + 1 + 5  # read twice, gradient written; the update reads weight, velocity, gradient and writes two
VALUE_PASSES = 2 + 4  # written and read forwards; read again, gradient written, read and handed on backwards


def measure() -> list[Figure]:
    """Each layer alone, forwards and backwards, over the whole step; then the step over what the device could do."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        keep_freed_memory()
    dtype = autocast_dtype(device)
    step = full_step(device, dtype)
    figures = []
    for row in recipe().net.layers:
        times = compare(_layer(row, device, dtype or torch.float32), step, ROUNDS)
        figures.append(_figure(f"step_share {row.name}", times, f"{row.name} forwards and backwards over the step"))
    net = recipe().net
    times = compare(step, _product(device, dtype or torch.float32, BATCH * 6 * net.num_macs), ROUNDS)
    what = f"the step over {6e-9 * net.num_macs:.2f} GFLOP a picture as one large matrix product"
    figures.append(_figure("step_share arithmetic", times, what))
    values = sum(row.num_values for row in net.layers) * BATCH * VALUE_PASSES * (dtype or torch.float32).itemsize
    num_bytes = values + 4 * WEIGHT_PASSES * net.num_parameters
    times = compare(step, _copy(device, num_bytes), ROUNDS)
    what = f"the step over a bare copy that reads and writes the {num_bytes / 1e9:.1f} GB it has to"
    figures.append(_figure("step_share bandwidth", times, what))
    return figures


def _figure(name: str, times: tuple[float, float], what: str) -> Figure:
    return cost(name, times, ROUNDS, f"{what}; full size, batch {BATCH}")


def _layer(row: Layer, device: torch.device, dtype: torch.dtype) -> Callable[[], object]:
    """One layer as the network has it, with its activation function, from values like those it sees."""
    net = AlexNet(recipe().net).to(device).to(memory_format=torch.channels_last)
    rows = list(net.config.layers)
    below = rows[rows.index(row) - 1].shape if row.name != "conv1" else (3, CROP_PX + 3, CROP_PX + 3)
    below = below if row.kind != "fc" else (row.weight_shape[1],) if row.weight_shape else below
    x = torch.rand((BATCH, *below), device=device, dtype=dtype)
    x = x.to(memory_format=torch.channels_last) if x.dim() == 4 else x
    x.requires_grad_(row.name != "conv1")

    def forward() -> Tensor:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            match row.kind:
                case "norm":
                    assert net.config.lrn
                    return local_response_norm(x, net.config.lrn, row.towers)
                case "pool":
                    return F.max_pool2d(x, row.window_px, row.stride)
                case "softmax":
                    return F.cross_entropy(x.float(), torch.zeros(BATCH, dtype=torch.int64, device=device))
                case _:
                    y: Tensor = net.get_submodule(row.name)(net.dropout(x) if row.name in ("fc7", "fc8") else x)
                    return y if row.name == "fc8" else net.f(y)

    wanted = [w for w in (x, *net.get_submodule(row.name).parameters()) if w.requires_grad] if row.weight_shape else [x]
    grad = torch.ones_like(forward())
    return _timed(lambda: torch.autograd.grad(forward(), wanted, grad), device)


def _product(device: torch.device, dtype: torch.dtype, flop: int) -> Callable[[], object]:
    """A product of two large square matrices, repeated for `flop` operations."""
    side = 4096
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    repeats = max(1, round(flop / (2 * side**3)))
    return _timed(lambda: [a @ b for _ in range(repeats)], device)


def _copy(device: torch.device, num_bytes: float) -> Callable[[], object]:
    """A copy that reads and writes `num_bytes` in all."""
    source = torch.ones(64 << 20, device=device)
    target, repeats = torch.empty_like(source), max(1, round(num_bytes / (2 * source.nbytes)))
    return _timed(lambda: [target.copy_(source) for _ in range(repeats)], device)


def _timed(call: Callable[[], object], device: torch.device) -> Callable[[], object]:
    def timed() -> None:
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return timed
