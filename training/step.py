"""Section 5, the details of learning: the update rule, and the step that applies it."""

from __future__ import annotations

import ctypes
import platform

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.alexnet import AlexNet
from training.recipe import Recipe

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h


class Momentum(torch.optim.Optimizer):
    """v <- momentum v - decay lr w - lr grad;  w <- w + v.

    The rate is inside the velocity, unlike torch.optim.SGD's, so a drop of it leaves the velocity as it is.
    """

    def __init__(self, recipe: Recipe, net: AlexNet) -> None:
        groups = []
        for conv1 in (False, True):
            for kind, lr, decay in (("weight", recipe.lr, recipe.weight_decay), ("bias", recipe.bias_lr, 0.0)):
                ws = [
                    w for name, w in net.named_parameters() if name.endswith(kind) and name.startswith("conv1") == conv1
                ]
                groups.append({"params": ws, "full_lr": lr, "decay": decay, "conv1": conv1})
        super().__init__(groups, {"momentum": recipe.momentum, "lr": 0.0})

    def set_factor(self, factor: float, conv1_lr: float | None = None) -> None:
        """Scale every group's learning rate; conv1 learns at a rate of its own where one is given."""
        for group in self.param_groups:
            group["lr"] = conv1_lr if group["conv1"] and conv1_lr is not None else group["full_lr"] * factor

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter."""
        assert closure is None
        for group in self.param_groups:
            lr, ws = group["lr"], group["params"]
            if group["conv1"] and lr == 0:  # frozen, as the 2012 code has it: the velocity stands still too
                continue
            grads = [w.grad for w in ws]
            for w in ws:
                if "v" not in self.state[w]:
                    self.state[w]["v"] = torch.zeros_like(w)
            vs = [self.state[w]["v"] for w in ws]
            torch._foreach_mul_(vs, group["momentum"])
            torch._foreach_add_(vs, ws, alpha=-group["decay"] * lr)
            torch._foreach_add_(vs, grads, alpha=-lr)
            torch._foreach_add_(ws, vs)


def keep_freed_memory() -> None:
    """Tell glibc to keep what a step frees for the next one, for this process's whole life; elsewhere, do nothing.

    By default it hands large blocks back to Linux, and a full-size step on a CPU then faults 178,000 pages in again: a
    quarter of its time. Call it before training on a CPU.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the processor or GPU multiplies it natively, else None: full precision."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else None
    return torch.bfloat16 if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported() else None


def logits(net: nn.Module, crops: Tensor, dtype: torch.dtype | None) -> Tensor:
    """The network's logits (batch, classes), computed under autocast to `dtype` and widened to float32, if any."""
    with torch.autocast(crops.device.type, dtype or torch.bfloat16, enabled=dtype is not None):
        out: Tensor = net(crops)
    return out.float() if dtype else out


def judged_logits(net: AlexNet, crops: Tensor, dtype: torch.dtype | None) -> Tensor:
    """The same with the output layer in float32: with a bfloat16's eight bits many classes would tie for the first place."""
    with torch.autocast(crops.device.type, dtype or torch.bfloat16, enabled=dtype is not None):
        fc7 = net.activations(crops)["fc7"]
    out: Tensor = net.fc8(net.dropout(fc7.float()))
    return out


def train_step(
    net: nn.Module,
    optimizer: Momentum,
    crops: Tensor,
    labels: Tensor,
    dtype: torch.dtype | None,
    label_smoothing: float = 0.0,
    count: float | None = None,
) -> tuple[Tensor, Tensor]:
    """One forward pass, one backward pass, one update; returns loss and number of wrong answers, still on the device.

    The loss is a sum over the labels divided by `count`, which is their number unless others share the batch.
    """
    optimizer.zero_grad(set_to_none=True)
    scores = logits(net, crops, dtype)
    loss = F.cross_entropy(scores, labels, reduction="sum", label_smoothing=label_smoothing) / (count or len(labels))
    loss.backward()
    optimizer.step()
    return loss.detach(), (scores.detach().argmax(1) != labels).sum()
