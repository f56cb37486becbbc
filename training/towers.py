"""Section 3.2, training on multiple GPUs: one tower a process, as in 2012, and any number of such pairs.

    torchrun --nproc-per-node 2 -m training.run RECIPE --parallel towers ...

Each process of a pair holds half of every convolution's kernels, half of fc6 and fc7, and fc8's weights that read its
own half of fc7. Towers talk only on the way into conv3, fc6, fc7 and fc8; into fc8 they send class scores to be
summed, which are fewer than the units they come from. More processes are more pairs, each on its share of the batch,
whose gradients are averaged (DistributedDataParallel).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from model.alexnet import AlexNet, HalfAtTest
from model.layers import Config

Parallel = Literal["none", "data", "towers"]


@dataclass(frozen=True)
class Layout:
    """Which part of the net and of each batch this process has."""

    towers: int = 1
    """Processes that share one net: 2 where each holds a tower."""
    num_pairs: int = 1
    """Nets that share a batch."""
    rank: int = 0
    mesh: DeviceMesh | None = None

    @property
    def tower(self) -> int:
        return self.rank % self.towers

    @property
    def pair(self) -> int:
        return self.rank // self.towers

    @property
    def is_first(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """This pair's share of `count` pictures."""
        bounds = [count * i // self.num_pairs for i in (self.pair, self.pair + 1)]
        return slice(*bounds)

    def group(self, dimension: Literal["pair", "tower"]) -> dist.ProcessGroup:
        """The processes that share a batch ("pair"), or a net ("tower")."""
        assert self.mesh
        return self.mesh.get_group(dimension)

    def total(self, *values: float) -> list[float]:
        """Sums over all pairs."""
        if self.num_pairs == 1:
            return list(values)
        assert self.mesh
        sums = torch.tensor(values, dtype=torch.float64, device=self.mesh.device_type)
        dist.all_reduce(sums, group=self.group("pair"))
        return [float(value) for value in sums]

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        if self.mesh is None:
            return flag
        flags = torch.tensor(float(flag), device=self.mesh.device_type)
        dist.all_reduce(flags)
        return bool(flags > 0)


def layout(parallel: Parallel, config: Config, rank: int, world_size: int, device_type: str) -> Layout:
    """How `world_size` processes share the work; every one of them calls it.

    Raises
    ------
    ValueError
        When the net or the number of processes does not allow it.
    """
    if parallel == "none":
        if world_size > 1:
            raise ValueError(f"{world_size} processes were started; say --parallel towers or --parallel data.")
        return Layout()
    towers = 2 if parallel == "towers" else 1
    if world_size < 2 or world_size % towers:
        raise ValueError(
            f"--parallel {parallel} wants {'an even number of' if towers == 2 else 'two or more'} processes, not "
            f"{world_size}; start it with torchrun --nproc-per-node 2 -m training.run ..."
        )
    if not config.halved_at_test or config.lrn_across_towers:
        raise ValueError("A net with Caffe's or torchvision's dropout or normalisation is trained in one process only.")
    if config.towers < towers:
        raise ValueError("This recipe's net has one tower; use --parallel data.")
    mesh = init_device_mesh(device_type, (world_size // towers, towers), mesh_dim_names=("pair", "tower"))
    return Layout(towers, world_size // towers, rank, mesh)


class PartOfDropout(HalfAtTest):
    """Dropout of a share of the batch and of the units, drawn as one process draws it for all of them."""

    def __init__(self, place: Layout) -> None:
        super().__init__()
        self.place = place
        self.batch = 0
        """Pictures of the whole batch; whoever trains sets it."""

    def kept(self, x: Tensor) -> Tensor:
        everything = torch.empty(self.batch, x.shape[1] * self.place.towers, dtype=x.dtype, device=x.device)
        units = slice(self.place.tower * x.shape[1], (self.place.tower + 1) * x.shape[1])
        return everything.bernoulli_(0.5)[self.place.rows(self.batch), units]


class Tower(AlexNet):
    """One tower of an AlexNet; its twin is in another process. `forward` returns the logits of both together."""

    def __init__(self, config: Config, place: Layout) -> None:
        nn.Module.__init__(self)
        self.config, self.place, self.num_towers = config, place, 1
        self.step_bytes: dict[str, int] = defaultdict(int)
        """Sent in this step, forwards and backwards, by the layer that reads it."""
        self.most_bytes: dict[str, int] = {}
        """The same of the step that sent most: an epoch's last batch may be a short one."""
        for row in config.layers:
            if row.kind == "conv":
                assert row.weight_shape
                reads, pad = row.weight_shape[1], row.pad[0]
                self.add_module(row.name, nn.Conv2d(reads, row.units // 2, row.window_px, row.stride, pad))
            elif row.name in ("fc6", "fc7"):
                assert row.weight_shape
                self.add_module(row.name, nn.Linear(row.weight_shape[1], row.units // 2))
        self.fc8 = _SumOfTowers(self, config.fc_units // 2, config.num_classes)
        self.f = F.relu if config.activation == "relu" else torch.tanh
        self.dropout = PartOfDropout(place) if config.dropout else nn.Identity()

    def begin_step(self) -> None:
        """What is sent from now on counts anew."""
        self.most_bytes = max(self.most_bytes, dict(self.step_bytes), key=lambda sent: sum(sent.values()))
        self.step_bytes.clear()

    def both(self, x: Tensor, layer: str) -> Tensor:
        y: Tensor = _Both.apply(x, self, layer)
        return y

    def swap(self, x: Tensor, layer: str = "") -> Tensor:
        """Send `x` to the twin and return what it sends, of the same shape."""
        order = (0, 2, 3, 1) if x.dim() == 4 else tuple(range(x.dim()))
        mine = x.permute(order).contiguous()
        theirs = torch.empty_like(mine)
        group = self.place.group("tower")
        twin = dist.get_global_rank(group, 1 - self.place.tower)
        sending = [dist.P2POp(dist.isend, mine, twin, group), dist.P2POp(dist.irecv, theirs, twin, group)]
        for work in dist.batch_isend_irecv(sending):
            work.wait()
        if layer and self.training:
            self.step_bytes[layer] += mine.nbytes
        return theirs.permute((0, 3, 1, 2)) if x.dim() == 4 else theirs


class _Both(torch.autograd.Function):
    """Both towers' maps, GPU1's first; backwards, what both processes have found of the gradient of one's own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, net: Tower, layer: str) -> Tensor:
        ctx.net, ctx.layer = net, layer
        other = net.swap(x, layer)
        return torch.cat((x, other) if net.place.tower == 0 else (other, x), 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        halves = grad.chunk(2, 1)
        mine, twins = halves[ctx.net.place.tower], halves[1 - ctx.net.place.tower]
        return mine + ctx.net.swap(twins, ctx.layer), None, None


class _Sum(torch.autograd.Function):
    """The sum of both processes' values. Each computes the same loss of it, so a gradient passes unchanged."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, net: Tower) -> Tensor:
        return x + net.swap(x, "fc8")

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


class _SumOfTowers(nn.Linear):
    """fc8: each tower's share of the class scores, summed. The bias is the same in both."""

    def __init__(self, net: Tower, units: int, num_classes: int) -> None:
        super().__init__(units, num_classes)
        self._net = (net,)  # in a tuple, so that torch does not take it for a part of this layer

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = _Sum.apply(F.linear(x, self.weight), self._net[0])
        return scores + self.bias


def part(name: str, whole: Tensor, place: Layout) -> Tensor:
    """This process's part of a parameter, or of its velocity."""
    if place.towers == 1 or name == "fc8.bias":
        return whole
    return whole.chunk(2, _axis(name))[place.tower]


def whole(parts: Mapping[str, Tensor], net: AlexNet) -> dict[str, Tensor]:
    """Parameters of the whole net from this process's and its twin's; both call it."""
    if not isinstance(net, Tower):
        return dict(parts)
    found = {}
    for name, mine in parts.items():
        twins = net.swap(mine)
        halves = (mine, twins) if net.place.tower == 0 else (twins, mine)
        found[name] = mine if name == "fc8.bias" else torch.cat(halves, _axis(name))
    return found


def _axis(name: str) -> int:
    return 1 if name == "fc8.weight" else 0  # fc8 is cut by what it reads, all others by what they compute


def report(net: Tower) -> str:
    """What a tower sends in a step of a full batch, layer by layer, and what it holds, against one process."""
    net.begin_step()
    sent = ", ".join(f"{layer} {sent / 1e6:.2f} MB" for layer, sent in net.most_bytes.items()) or "nothing yet"
    with torch.device("meta"):
        all_of_it = AlexNet(net.config)
    peak = (
        f"; {torch.cuda.max_memory_allocated() / 1e6:.0f} MB at most on this GPU" if torch.cuda.is_available() else ""
    )
    return (
        f"a tower sends a step: {sent}; it holds {3 * _megabytes(net):.1f} MB of weights, gradients and velocities, "
        f"the whole net {3 * _megabytes(all_of_it):.1f} MB{peak}"
    )


def _megabytes(net: AlexNet) -> float:
    return sum(w.nbytes for w in net.parameters()) / 1e6
