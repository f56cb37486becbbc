"""One forward pass, three ways back: what the ReLU and the response normalisation do to a signal that goes down.

The forward pass is the network's own in each of them; only the backward signal differs (Springenberg et al. 2015,
figure 1, sets the three side by side). A signal goes down through a convolution by its transpose, and through a
pooling to where the maximum was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        passed: Tensor = signal.clamp(min=0) * (x > 0)
        return passed


class _Rectified(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> Tensor:
        return signal.clamp(min=0)


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        return y.clone()

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None]:
        return signal, None


def straight(x: Tensor, y: Tensor) -> Tensor:
    """y, computed from x, with the identity as its derivative."""
    out: Tensor = _Straight.apply(x, y.detach())
    return out


@dataclass(frozen=True)
class Rule:
    """How a signal goes back through the ReLU and through response normalisation."""

    relu: Callable[[Tensor], Tensor]
    through_norm: bool
    """Whether by the normalisation's derivative; if not, as if it were not there."""


GRADIENT = Rule(F.relu, True)  # where the unit below was active
GUIDED = Rule(_Guided.apply, True)  # where the unit below was active and the signal is positive
DECONVNET = Rule(_Rectified.apply, False)  # where the signal is positive
