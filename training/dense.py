"""Dense evaluation: the whole 256x256 square through the net at once, the fully connected layers slid over it.

OverFeat (Sermanet et al. 2013, section 3.3) and VGG (Simonyan & Zisserman 2014, section 3.2) read fc6 as a convolution
of pool5's size, so that a picture larger than the crop gives a map of answers instead of one. Here pool5 of a square
is 7x7, where that of a crop is 6x6, and so there are 2x2 places, 32 pixels apart: the paper's four corner crops, but
each sees what lies beyond its border where the crop has zeros. As in VGG the mirrored square counts too; as in the paper
(section 4.1) it is the softmax probabilities that are averaged, over 2x2 places of two squares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from model.alexnet import AlexNet
from model.explorer import Explorer
from model.layers import SQUARE_PX, Config, Layer

Array = npt.NDArray[np.float32]
NUM_PLACES = 8  # 2x2 of the square, 2x2 of its mirror image


def check(config: Config) -> None:
    """Refuse a network that does not see a square at 2x2 places, such as Caffe's of 227 pixels without zeros.

    Raises
    ------
    ValueError
        With the number of places along a side.
    """
    crop, square = (_last_maps(replace(config, crop_px=px)).size_px for px in (config.crop_px, SQUARE_PX))
    if 2 * (square - crop + 1) ** 2 != NUM_PLACES:
        raise ValueError(
            f"Dense evaluation is for networks that see a square of {SQUARE_PX} pixels at 2x2 places; this one's crops of "
            f"{config.crop_px} pixels leave {square - crop + 1} along a side. Use --ten-crop."
        )


def _last_maps(config: Config) -> Layer:
    return [row for row in config.layers if row.kind in ("pool", "conv")][-1]


def torch_net(explorer: Explorer) -> AlexNet:
    """The model file's network in torch, at test time, where the explorer runs: on the GPU or the CPU."""
    net = AlexNet(explorer.config)
    net.load_state_dict({name: torch.from_numpy(weight.copy()) for name, weight in explorer.weights.items()})
    gpu = explorer.device.startswith("CUDA") and torch.cuda.is_available()
    torch.backends.cudnn.allow_tf32 = False
    return net.eval().to("cuda" if gpu else "cpu").to(memory_format=torch.channels_last)


def torch_probabilities(net: AlexNet) -> Callable[[Array], Array]:
    """A function from inputs (n, 3, height, width) to the net's probabilities, in float32."""
    device = next(net.parameters()).device

    @torch.inference_mode()
    def probabilities(inputs: Array) -> Array:
        x = torch.from_numpy(inputs).to(device, memory_format=torch.channels_last)
        answer: Array = net.activations(x)["prob"].cpu().numpy()
        return answer

    return probabilities


def slide(net: AlexNet) -> AlexNet:
    """Let `net`'s fully connected layers answer at every place: (n, 3, 256, 256) to probabilities (4 n, classes).

    The four places of a picture lie one behind the other, row by row.
    """
    net.add_module("fc6", _EveryPlace(net.fc6, _last_maps(net.config)))
    return net


def dense_squares(squares: npt.NDArray[np.uint8], mean: Array) -> Array:
    """Whole squares less the mean and, behind each, its mirror image, float32 (2 n, 3, 256, 256).

    Parameters
    ----------
    squares : uint8 ndarray of shape (n, 256, 256, 3)
    mean : float32 ndarray of shape (3,) or (3, 256, 256)
    """
    part = mean if mean.ndim == 3 else mean[:, None, None]
    views = np.empty((len(squares), 2, 3, SQUARE_PX, SQUARE_PX), np.float32)
    np.subtract(squares.transpose(0, 3, 1, 2), part, out=views[:, 0])
    views[:, 1] = views[:, 0, :, :, ::-1]
    return views.reshape(-1, 3, SQUARE_PX, SQUARE_PX)


class _EveryPlace(nn.Module):
    """fc6 on every window of the maps below it that has a crop's size; windows become rows of the batch."""

    def __init__(self, fc6: nn.Linear, below: Layer) -> None:
        super().__init__()
        self.fc6, self.num_maps, self.size = fc6, below.units, below.size_px

    def forward(self, x: Tensor) -> Tensor:
        side = round((x.shape[1] / self.num_maps) ** 0.5)
        maps = x.unflatten(1, (self.num_maps, side, side))  # (B, 256, 7, 7)
        windows = maps.unfold(2, self.size, 1).unfold(3, self.size, 1)  # (B, 256, 2, 2, 6, 6)
        reads = windows.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(0, 2)  # (4 B, 9216)
        answer: Tensor = self.fc6(reads)
        return answer
