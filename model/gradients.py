"""What a unit answers to in one picture: deconvnet, guided backpropagation, gradient and Grad-CAM, in torch.

gradients = Gradients.open("assets/models/imagenet20/model.onnx")
gradients.deconvnet(crop, "conv3", 17), gradients.grad_cam(crop, 4)

The web process never imports this: `model.workshop` runs it in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from model import onnx_file
from model.alexnet import AlexNet, spatial_norm
from model.gains import Gains, full_gains
from model.layers import Layer
from model.messages import Preview
from model.normalization import local_response_norm
from model.onnx_file import ModelInfo
from model.rules import DECONVNET, GRADIENT, GUIDED, Rule, straight

Array = npt.NDArray[np.float32]
Place = tuple[int, int]


class Gradients:
    """One AlexNet in torch, with signals that go back. Every crop is mean-subtracted RGB, float32 (3, 224, 224), or as large
    as the network's crops are.

    `gains` are those of `Explorer.run`: a muted unit passes nothing up, and nothing down.
    """

    def __init__(self, info: ModelInfo, weights: Mapping[str, Array], device: str = "auto") -> None:
        self.info = info
        self.config = info.config
        self.device, self.device_name = _device(device)
        torch.backends.cudnn.allow_tf32 = False  # what a page shows to the last digit is float32
        net = AlexNet(info.config)
        net.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})
        net = net.to(self.device).to(memory_format=torch.channels_last)  # twice as fast on a CPU
        self.net = net.eval().requires_grad_(False)

    @staticmethod
    def open(path: str | Path, device: str = "auto") -> Gradients:
        """Open a model file; `device` is "auto" (CUDA where it works, else the CPU), "cpu" or "cuda".

        Raises
        ------
        ValueError
            When the file is none of this project's, or "cuda" was asked for and cannot be had.
        """
        return Gradients(*onnx_file.read(path), device)

    def deconvnet(
        self, crop: Array, layer: str, unit: int, place: Place | None = None, gains: Gains | None = None
    ) -> Array:
        """What in the picture made a unit's value, by the deconvolutional network of Zeiler & Fergus 2014.

        Of the layer only this one value is kept. It goes down to the pixels through transposed convolutions, is put
        back where the forward pass found each maximum, and is rectified wherever the forward pass rectifies. A ReLU
        that was shut in the forward pass lets it through, unlike in `gradient`.

        Departures and gaps: response normalisation is passed as if it were not there, as in the paper. Pooling
        overlaps here, so that values put back at the same place add up. The paper stops at convolutions; here fully
        connected layers are transposed and rectified likewise, with section 4.2's halves. A logit is kept as it is: of
        a negative one the picture shows what spoke against the class. tanh rectifies nothing, so that through a tanh
        network the signal goes by tanh's derivative.

        Parameters
        ----------
        crop : float32 ndarray of shape (3, 224, 224)
        layer : str
            Any layer but prob.
        unit : int
            Counted from 0.
        place : (row, column), optional
            Which value of the unit's map; its strongest, if not given. Fully connected units have none.
        gains : mapping, optional
            As for `Explorer.run`.

        Returns
        -------
        float32 ndarray of shape (3, 224, 224), signed; zero for a silent unit.

        Raises
        ------
        ValueError
            When there is no such layer, unit or place, or the crop or a gain has another shape.
        """
        return self._back(crop, layer, unit, place, gains, DECONVNET)

    def guided_backprop(
        self, crop: Array, layer: str, unit: int, place: Place | None = None, gains: Gains | None = None
    ) -> Array:
        """A unit's gradient that only positive signals carry, through active ReLUs (Springenberg et al. 2015).

        It starts with 1 at the unit's value and goes through response normalisation and tanh by their derivatives.
        Parameters, result and errors as for `deconvnet`.
        """
        return self._back(crop, layer, unit, place, gains, GUIDED)

    def gradient(
        self, crop: Array, layer: str, unit: int, place: Place | None = None, gains: Gains | None = None
    ) -> Array:
        """d value / d pixel, the saliency of Simonyan et al. 2014 with its sign. As for `deconvnet` otherwise."""
        return self._back(crop, layer, unit, place, gains, GRADIENT)

    def grad_cam(self, crop: Array, class_index: int, layer: str = "conv5", gains: Gains | None = None) -> Array:
        """Where a class was seen: ReLU of the maps' sum, each times its mean gradient (Selvaraju et al. 2017).

        The gradient is that of the class's logit in fc8, before the softmax.

        Parameters
        ----------
        layer : str
            A convolution. In a network without conv5, "conv5" means its last convolution.

        Returns
        -------
        float32 ndarray of shape (size, size), (13, 13) for conv5: not normalised.

        Raises
        ------
        ValueError
            When there is no such class or convolution, or the crop or a gain has another shape.
        """
        convolutions = [row.name for row in self.config.layers if row.kind == "conv"]
        if layer == "conv5" and layer not in convolutions:
            layer = convolutions[-1]
        if layer not in convolutions:
            raise ValueError(f"{layer} is no convolution of this network; choose one of {', '.join(convolutions)}.")
        self._check("fc8", class_index, None)
        seen = self.activations(self._pixels(crop), gains, upto="fc8")
        (slope,) = torch.autograd.grad(seen["fc8"][0, class_index], seen[layer])
        cam = F.relu((slope.mean((2, 3), keepdim=True) * seen[layer]).sum(1)[0])
        return cam.detach().cpu().numpy()

    def maximise(
        self, layer: str, unit: int, steps: int | None = None, seed: int = 0, gains: Gains | None = None
    ) -> Iterator[Preview]:
        """A picture that a unit answers to most, found step by step; see `model.maximise`."""
        from model.maximise import maximise

        self._check(layer, unit, None)
        return maximise(self, layer, unit, steps, seed, gains)

    def activations(
        self,
        x: Tensor,
        gains: Gains | None = None,
        *,
        upto: str = "prob",
        rule: Rule = GRADIENT,
        padded: bool = True,
        opened: str = "",
    ) -> dict[str, Tensor]:
        """Every layer's output up to one: the forward pass of the ONNX file, gains and all, for any rule.

        Parameters
        ----------
        x : Tensor of shape (batch, 3, height, width)
        padded : bool
            False leaves out every layer's zeros, for a window of pixels that ends within the crop.
        opened : str
            Name of a layer whose ReLU lets every signal back through, so that a silent unit can be woken.
        """
        gain = {name: torch.from_numpy(value).to(x) for name, value in full_gains(self.config, gains).items()}
        x = x.contiguous(memory_format=torch.channels_last)
        out: dict[str, Tensor] = {}
        for row in self.config.layers:
            match row.kind:
                case "conv":
                    x = self._conv(row, x, gain.get("cross_talk"), padded)
                case "norm" | "spatial_norm":
                    normed = self._norm(row, x, padded)
                    x = normed if rule.through_norm else straight(x, normed)
                case "pool":
                    x = F.max_pool2d(x, row.window_px, row.stride)
                case "fc":
                    x = F.linear(self._halved(row, x), *self._weights(row))
                case "softmax":
                    x = x.softmax(1)
            if self.is_activated(row):
                x = straight(x, self.net.f(x)) if row.name == opened else self._f(x, rule)
            if row.name in gain:
                x = x * gain[row.name].view(-1, *[1] * (x.ndim - 2))
            out[row.name] = x
            if row.name == upto:
                break
        return out

    def _f(self, x: Tensor, rule: Rule) -> Tensor:
        return rule.relu(x) if self.config.activation == "relu" else torch.tanh(x)

    def is_activated(self, row: Layer) -> bool:
        """Whether f follows: in the 2012 code's order pool1 has conv1's."""
        late = self.config.relu_after_pool1
        return (row.weight_shape is not None and row.name != "fc8" and not (late and row.name == "conv1")) or (
            late and row.name == "pool1"
        )

    def _weights(self, row: Layer) -> tuple[Tensor, Tensor]:
        return self.net.get_parameter(f"{row.name}.weight"), self.net.get_parameter(f"{row.name}.bias")

    def _conv(self, row: Layer, x: Tensor, cross_talk: Tensor | None, padded: bool) -> Tensor:
        weight, bias = self._weights(row)
        if row.name == "conv3" and cross_talk is not None:
            own, reads = weight.shape[0] // 2, weight.shape[1] // 2
            factor = torch.ones_like(weight)
            factor[:own, reads:] = factor[own:, :reads] = cross_talk  # what a tower reads of the other one
            weight = weight * factor
        before, after = row.pad
        x = F.pad(x, (before, after, before, after)) if padded else x
        return F.conv2d(x, weight, bias, row.stride, groups=row.groups)

    def _norm(self, row: Layer, x: Tensor, padded: bool) -> Tensor:
        if row.kind == "norm":
            assert self.config.lrn
            return local_response_norm(x, self.config.lrn, self.config.norm_towers)
        edge = row.pad[0]
        return spatial_norm(x) if padded else spatial_norm(x)[:, :, edge:-edge, edge:-edge]

    def _halved(self, row: Layer, x: Tensor) -> Tensor:
        """What fc6 reads flat, what fc7 and fc8 read behind dropout."""
        return x.flatten(1) if row.name == "fc6" else self.net.dropout(x)

    def _back(self, crop: Array, layer: str, unit: int, place: Place | None, gains: Gains | None, rule: Rule) -> Array:
        self._check(layer, unit, place)
        pixels = self._pixels(crop)
        own = self.activations(pixels, gains, upto=layer, rule=rule)[layer][0, unit]
        value = own.max() if place is None else own[tuple(place)]
        if place is None and own.ndim:
            value = own.flatten()[own.argmax()]  # one place, also among equals
        start = value.detach() if rule is DECONVNET else torch.ones_like(value)
        (signal,) = torch.autograd.grad(value, pixels, start)
        return signal[0].cpu().numpy()

    def _pixels(self, crop: Array) -> Tensor:
        """The crop as a batch of one that takes a gradient."""
        shape = (3, self.config.crop_px, self.config.crop_px)
        if np.shape(crop) != shape:
            raise ValueError(f"A crop has to have shape {shape}; got {np.shape(crop)}.")
        return torch.from_numpy(np.array(crop, np.float32))[None].to(self.device).requires_grad_()

    def _check(self, layer: str, unit: int, place: Place | None) -> None:
        rows = {name: row for name, row in self.config.layer.items() if name != "prob"}
        if layer not in rows:
            raise ValueError(f"{layer} is no layer to look back from; choose one of {', '.join(rows)}.")
        row = rows[layer]
        if not 0 <= unit < row.units:
            raise ValueError(f"{layer} has units 0 to {row.units - 1}; there is no unit {unit}.")
        if place is None:
            return
        if row.kind == "fc":
            raise ValueError(f"Units of {layer} have no places; leave the place out.")
        if not all(0 <= i < row.size_px for i in place):
            raise ValueError(f"Rows and columns of {layer} go from 0 to {row.size_px - 1}; got {tuple(place)}.")


def _device(asked: str) -> tuple[torch.device, str]:
    """The device, and its name on the screen."""
    if asked not in ("auto", "cpu", "cuda"):
        raise ValueError(f"There is no device {asked!r}; choose auto, cpu or cuda.")
    if asked != "cpu" and torch.cuda.is_available():
        try:
            torch.ones(8, 8, device="cuda").mm(torch.ones(8, 8, device="cuda")).sum().item()
            return torch.device("cuda"), "CUDA GPU"
        except RuntimeError:  # a GPU that this torch was not built for, or one without memory left
            if asked == "cuda":
                raise ValueError("The CUDA GPU refuses to compute; use auto or cpu.") from None
    if asked == "cuda":
        raise ValueError("torch finds no CUDA GPU; use auto or cpu.")
    return torch.device("cpu"), "CPU"
