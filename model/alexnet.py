"""AlexNet as section 3 of the paper describes it: one network, two towers, one tower a GPU.

Both towers live in one tensor, GPU1's maps first: a grouped convolution is a layer that reads its own tower only.
Sizes in the comments are the paper's net's; `Config` holds the switches.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.layers import PAPER, Config, Layer
from model.normalization import local_response_norm


class HalfAtTest(nn.Module):
    """Dropout as in section 4.2: units are dropped with probability 0.5 in training and halved at test time."""

    def forward(self, x: Tensor) -> Tensor:
        return x * self.kept(x) if self.training else x * 0.5

    def kept(self, x: Tensor) -> Tensor:
        """1 for the units that stay, 0 for those that are dropped."""
        return torch.empty_like(x).bernoulli_(0.5)


class AlexNet(nn.Module):
    """The network of section 3, or the variant of it that `config` describes.

    `forward` takes mean-subtracted RGB crops (batch, 3, 224, 224) in 0..255 (other sizes: `crop_px`) and returns logits (batch, classes).
    `activations` returns every named layer's output.
    """

    conv1: nn.Conv2d
    conv2: nn.Conv2d
    conv3: nn.Conv2d
    conv4: nn.Conv2d
    conv5: nn.Conv2d
    conv6: nn.Conv2d  # only where the config asks for it
    fc6: nn.Linear
    fc7: nn.Linear
    fc8: nn.Linear

    def __init__(self, config: Config = PAPER) -> None:
        super().__init__()
        self.config = config
        self.num_towers = config.towers  # that one tensor holds here
        for row in config.layers:
            if row.weight_shape:
                self.add_module(row.name, _linear(row) if row.kind == "fc" else _convolution(row))
        self.f = F.relu if config.activation == "relu" else torch.tanh
        self.dropout = _dropout(config)

    def forward(self, x: Tensor) -> Tensor:
        return self.activations(x)["fc8"]

    def activations(self, x: Tensor) -> dict[str, Tensor]:
        """Every named layer's output: convolutions and fc6, fc7 after f, fc8 logits, prob probabilities."""
        net, f, out = self.config, self.f, {}

        # 3.5 Overall architecture: the last window of conv1 overhangs by three rows and columns of zeros (the mean).
        x = F.pad(x, 2 * net.conv1_pad)  # (B, 3, 227, 227)
        # 3.1 f is the ReLU, 3.3 local response normalisation, 3.4 overlapping pooling
        x = self.conv1(x)
        out["conv1"] = x = x if net.relu_after_pool1 else f(x)  # 2 x (B, 48, 55, 55)
        if net.lrn and not net.pool_before_norm:
            out["norm1"] = x = self._norm(x)  # 2 x (B, 48, 55, 55)
        x = self._pool(x)
        out["pool1"] = x = f(x) if net.relu_after_pool1 else x  # 2 x (B, 48, 27, 27)
        if net.lrn and net.pool_before_norm:
            out["norm1"] = x = self._norm(x)  # Caffe's reference net only

        out["conv2"] = x = f(self.conv2(x))  # 2 x (B, 128, 27, 27), own tower
        if net.pool_before_norm:
            out["pool2"] = x = self._pool(x)  # Caffe's reference net only
        if net.lrn:
            out["norm2"] = x = self._norm(x)  # 2 x (B, 128, 27, 27)
        if net.spatial_norm2:
            out["spatial2"] = x = spatial_norm(x)  # 2012 code only
        if not net.pool_before_norm:
            out["pool2"] = x = self._pool(x)  # 2 x (B, 128, 13, 13)

        # 3.2 Training on multiple GPUs: conv3 reads both towers, conv4 and conv5 their own
        if net.without != "conv3":
            x = self.both(x, "conv3") if net.conv3_reads_both else x
            out["conv3"] = x = f(self.conv3(x))  # 2 x (B, 192, 13, 13), both towers
        if net.without != "conv4":
            out["conv4"] = x = f(self.conv4(x))  # 2 x (B, 192, 13, 13), own tower
        if net.without != "conv5":
            out["conv5"] = x = f(self.conv5(x))  # 2 x (B, 128, 13, 13), own tower
        out["pool5"] = x = self._pool(x)  # 2 x (B, 128, 6, 6)
        if net.conv6:
            out["conv6"] = x = f(self.conv6(self.both(x, "conv6")))  # 2 x (B, 128, 6, 6), both towers

        if self.training and x.shape[-1] != self.map_px:  # smaller crops, as early epochs may have
            x = F.interpolate(x, self.map_px)
        # 4.2 Dropout in the first two fully connected layers; each reads both towers
        x = self.both(x.flatten(1), "fc6")  # (B, 9216): map by map, GPU1's 128 first
        out["fc6"] = x = f(self.fc6(x))  # 2 x (B, 2048)
        out["fc7"] = x = f(self.fc7(self.both(self.dropout(x), "fc7")))  # 2 x (B, 2048)
        out["fc8"] = x = self.fc8(self.dropout(x))  # (B, classes)
        out["prob"] = x.detach().softmax(1) if self.training else x.softmax(1)
        return out

    @property
    def map_px(self) -> int:
        """Side of the maps that fc6 reads."""
        return [row.size_px for row in self.config.layers if len(row.shape) == 3][-1]

    def both(self, x: Tensor, layer: str) -> Tensor:
        """What a layer that reads both towers reads. Here `x` holds both; `training.towers` fetches the other one."""
        return x

    def _pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, self.config.pool_px, stride=2)

    def _norm(self, x: Tensor) -> Tensor:
        assert self.config.lrn
        return local_response_norm(x, self.config.lrn, 1 if self.config.lrn_across_towers else self.num_towers)

    @torch.no_grad()
    def initialize(self, std: float = 0.01, middle_std: float = 0.01, conv1_std: float | None = None) -> AlexNet:
        """Section 5: weights from N(0, std), biases 1 in conv2, conv4, conv5, fc6, fc7 and 0 elsewhere.

        `middle_std` is for conv3 and deeper convolutions; the paper prints .01, the 2012 code has .03. `conv1_std` is
        conv1's, where it differs.
        """
        stds = dict.fromkeys(("conv3", "conv4", "conv5", "conv6"), middle_std)
        stds["conv1"] = std if conv1_std is None else conv1_std
        for row in self.config.layers:
            if not row.weight_shape:
                continue
            layer: nn.Conv2d | nn.Linear = getattr(self, row.name)
            assert layer.bias is not None
            layer.weight.normal_(0, stds.get(row.name, std))
            layer.bias.fill_(1.0 if row.name in ("conv2", "conv4", "conv5", "fc6", "fc7") else 0.0)
        return self


def spatial_norm(x: Tensor, size: int = 5, alpha: float = 1e-3, beta: float = 0.75) -> Tensor:
    """2012 code, layer 2: each value by the mean square of its 5x5 surroundings in its own map, k = 1."""
    return x * (1 + alpha * F.avg_pool2d(x.square(), size, stride=1, padding=size // 2)).pow(-beta)


def _dropout(config: Config) -> nn.Module:
    """Section 4.2's, or the later kind, which doubles in training what it leaves; or none."""
    if not config.dropout:
        return nn.Identity()
    return HalfAtTest() if config.halved_at_test else nn.Dropout(0.5)


def _convolution(row: Layer) -> nn.Conv2d:
    assert row.weight_shape
    pad = 0 if row.name == "conv1" else row.pad[0]  # conv1's may differ before and after the picture: F.pad does it
    return nn.Conv2d(row.weight_shape[1] * row.groups, row.units, row.window_px, row.stride, pad, groups=row.groups)


def _linear(row: Layer) -> nn.Linear:
    assert row.weight_shape
    return nn.Linear(row.weight_shape[1], row.units)
