"""Local response normalisation (section 3.3), fast enough to train with.

torch's own slides a 3-D average pooling over the channels. Here the neighbouring channels are summed over a stretch of
pixels that stays in the cache. In channels_last a pixel's values lie side by side, tower after tower, so that cutting
them into rows of one tower each keeps windows inside a tower.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from model.layers import LRN

CACHE_BYTES = 500_000  # a thread: short enough to stay in its own cache, long enough to be worth a call


@lru_cache(maxsize=16)
def _band(channels: int, n: int, before: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(channels, channels): [j, i] is 1 where channel j is in the window of channel i, else 0."""
    j, i = torch.arange(channels, device=device)[:, None], torch.arange(channels, device=device)[None, :]
    return ((j - i >= -before) & (j - i < n - before)).to(dtype)


def _window_sums(rows: Tensor, n: int, before: int) -> Tensor:
    """For each value of (rows, channels) the sum of its window: `before` channels before it, itself, and n - 1 - before after it.

    Matrix units (of GPUs, and of CPUs for bfloat16) are fastest at the product with a band of ones; a CPU in float32 at n - 1
    additions of the rows, a few zeros between them, to themselves, each time shifted by one more.
    """
    if rows.device.type != "cpu" or rows.dtype != torch.float32:
        return rows @ _band(rows.shape[1], n, before, rows.dtype, rows.device)
    num_rows, channels = rows.shape
    padded = F.pad(rows, (before, n - 1 - before)).flatten()
    num_sums = len(padded) - (n - 1)
    sums = padded[:num_sums].clone()
    for shift in range(1, n):
        sums += padded[shift : shift + num_sums]
    return sums.as_strided((num_rows, channels), (channels + n - 1, 1))


def _stretches(*tensors: Tensor) -> Any:
    """The same stretches of several matrices' rows: one on a GPU, cache-sized on a CPU."""
    first = tensors[0]
    fitting = CACHE_BYTES * torch.get_num_threads() // (first.shape[1] * first.itemsize)
    rows = max(1, fitting) if first.device.type == "cpu" else len(first)
    return zip(*(tensor.split(rows) for tensor in tensors), strict=True)


def _rows(x: Tensor, towers: int) -> Tensor:
    """(batch, channels, height, width) as (pixels * towers, channels of a tower); a view if channels_last."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1] // towers)


def _maps(rows: Tensor, shape: torch.Size) -> Tensor:
    batch, channels, height, width = shape
    return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)


def _power(root: Tensor, beta: float) -> Tensor:
    """d ** -beta of root = d ** -1/2."""
    return root.sqrt().mul_(root) if beta == 0.75 else root.pow(2 * beta)  # ten times as fast as pow on a CPU


class _LocalResponseNorm(torch.autograd.Function):
    """y = x * d ** -beta, where d = k + alpha * the windows' sums of squares; for the gradient it keeps x and d ** -1/2."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, towers: int, lrn: LRN) -> Tensor:
        x = _rows(maps, towers)
        y, root, k = torch.empty_like(x), torch.empty_like(x), x.new_full((), lrn.k)
        with torch.autocast(x.device.type, enabled=False):
            for x_part, y_part, root_part in _stretches(x, y, root):
                sums = _window_sums(x_part.square(), lrn.n, lrn.n // 2)
                torch.add(k, sums, alpha=lrn.alpha, out=root_part).rsqrt_()
                torch.mul(x_part, _power(root_part, lrn.beta), out=y_part)
        ctx.save_for_backward(x, root)
        ctx.towers, ctx.lrn, ctx.shape = towers, lrn, maps.shape
        return _maps(y, maps.shape)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        x, root = ctx.saved_tensors
        g, dx, lrn = _rows(grad, ctx.towers), torch.empty_like(x), ctx.lrn
        with torch.autocast(x.device.type, enabled=False):
            for x_part, root_part, g_part, dx_part in _stretches(x, root, g, dx):
                direct = _power(root_part, lrn.beta).mul_(g_part)
                through = (direct * x_part).mul_(root_part).mul_(root_part)  # g * y / d
                around = _window_sums(through, lrn.n, (lrn.n - 1) // 2)  # of those in whose window it is
                torch.addcmul(direct, around, x_part, value=-2 * lrn.alpha * lrn.beta, out=dx_part)
        return _maps(dx, ctx.shape), None, None


def local_response_norm(x: Tensor, lrn: LRN, towers: int = 1) -> Tensor:
    """Normalise each value by the squares of its neighbours in the adjacent maps of its own tower.

    Parameters
    ----------
    x : Tensor of shape (batch, channels, height, width)
        Best in channels_last; any other layout is copied into it first.
    lrn : LRN
        k, n, alpha (times the plain sum) and beta.
    towers : int
        Channels are shared among this many towers; no window reaches across the border.

    Returns
    -------
    Tensor of the same shape, channels_last. Source: section 3.3.
    """
    if torch.compiler.is_compiling():
        return _fusable(x, lrn, towers)
    y: Tensor = _LocalResponseNorm.apply(x, towers, lrn)
    return y


def _fusable(x: Tensor, lrn: LRN, towers: int) -> Tensor:
    """The formula in plain steps, which torch.compile makes one kernel of, and one of its gradient."""
    maps = x.unflatten(1, (towers, -1))
    padded = F.pad(maps.square(), (0, 0, 0, 0, lrn.n // 2, (lrn.n - 1) // 2))
    total = torch.stack([padded[:, :, i : i + maps.shape[2]] for i in range(lrn.n)]).sum(0)
    y: Tensor = maps * (lrn.k + lrn.alpha * total).pow(-lrn.beta)
    return y.flatten(1, 2)
