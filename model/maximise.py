"""The picture that a unit answers to most: gradient ascent on the pixels, from noise around the mean.

After Yosinski et al. 2015 (a bounded norm, so that a picture cannot win by contrast; smoothing against noise) and Olah
et al. 2017 (the picture shifts from step to step; coarse structure and brightness climb faster than fine and colour).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from model.gains import Gains
from model.layers import SQUARE_PX, Layer
from model.messages import Preview

if TYPE_CHECKING:
    from model.gradients import Gradients

STEPS = 96
PREVIEW_STEPS = 4  # a preview costs a forward pass
CONTRAST = 36.0  # grey levels, root mean square around the mean: about what a photograph has
FIRST_RATE, LAST_RATE = 6.0, 0.6  # grey levels a step, root mean square
FALLOFF = 1.5  # a wave of f cycles a pixel climbs at f ** -FALLOFF
COLOUR = 0.25  # how fast colour climbs beside brightness; photographs vary .16 to .30 as much in it (2012 code)
JITTER = 20  # a picture shifts by up to its side over this


def maximise(
    gradients: Gradients, layer: str, unit: int, steps: int | None = None, seed: int = 0, gains: Gains | None = None
) -> Iterator[Preview]:
    """Climb, and show where the ascent stands: at first, every few steps, and at the end.

    A unit of maps is taken at the centre of its map, and only its receptive field is computed and shown; where the
    field is larger than the crop, and for fully connected layers, it is the whole crop. A logit is that before the
    softmax. The ascent passes the unit's own ReLU, so that a silent unit can be woken. conv1's picture is neither
    smoothed nor shifted: a unit of one convolution answers most to its kernel.

    Parameters
    ----------
    steps : int, optional
        96, if not given.
    seed : int
        Of the noise and of the shifts; the same seed gives the same pictures on the same machine.
    gains : mapping, optional
        As for `Explorer.run`.

    Raises
    ------
    ValueError
        When there are no steps to take or a gain fits no layer.
    """
    steps = STEPS if steps is None else steps
    if steps < 1:
        raise ValueError(f"{steps} steps lead nowhere; take at least one.")
    scene = _Scene.of(gradients, layer, unit, gains)
    return _climb(scene, steps, torch.Generator().manual_seed(seed))


def _climb(scene: _Scene, steps: int, chance: torch.Generator) -> Iterator[Preview]:
    picture = scene.smoothed(torch.randn(scene.low.shape, generator=chance).to(scene.low.device)) * FIRST_RATE
    for step in range(steps):
        if step % PREVIEW_STEPS == 0:
            yield scene.preview(picture, step, steps)
        row, column = torch.randint(0, 2 * scene.margin_px + 1, (2,), generator=chance).tolist()
        pixels = picture.requires_grad_()
        value = scene.value(scene.window(pixels, row, column), opened=True)
        (slope,) = torch.autograd.grad(value, pixels)
        rate = FIRST_RATE + (LAST_RATE - FIRST_RATE) * step / steps
        picture = scene.bounded(picture.detach() + rate * scene.smoothed(slope))
    yield scene.preview(picture, steps, steps)


@dataclass(frozen=True)
class _Scene:
    """One unit, the window of the crop that it sees, and a canvas around that window which leaves room for shifts."""

    answer: Callable[[Tensor, bool], Tensor]
    """Value of the unit for a window (1, 3, side, side); True opens its ReLU for the signal that goes back."""
    margin_px: int
    low: Tensor
    """(3, canvas, canvas): black, less the mean; white is 255 above it."""

    @staticmethod
    def of(gradients: Gradients, layer: str, unit: int, gains: Gains | None) -> _Scene:
        row = gradients.config.layer[layer]
        start, side, whole = _window(row)
        rim = (SQUARE_PX - row.crop_px) // 2
        margin = min(side // JITTER, rim)
        mean = gradients.info.mean
        mean = np.broadcast_to(mean if mean.ndim == 3 else mean[:, None, None], (3, SQUARE_PX, SQUARE_PX))
        part = slice(rim + start - margin, rim + start + side + margin)
        own = _own_nonlinearity(gradients, row)

        def answer(window: Tensor, opened: bool) -> Tensor:
            seen = gradients.activations(
                window, gains, upto=layer, padded=whole, opened=own if opened else ""
            )[layer][0, unit]  # fmt: skip
            return seen if seen.ndim == 0 else seen[(seen.shape[0] - 1) // 2, (seen.shape[1] - 1) // 2]

        low = -torch.from_numpy(mean[:, part, part].copy()).to(gradients.device)
        return _Scene(answer, margin, low)

    def window(self, canvas: Tensor, row: int, column: int) -> Tensor:
        side = canvas.shape[1] - 2 * self.margin_px
        return canvas[None, :, row : row + side, column : column + side]

    def value(self, window: Tensor, opened: bool = False) -> Tensor:
        return self.answer(window, opened)

    def smoothed(self, slope: Tensor) -> Tensor:
        """A direction to climb, root mean square 1: coarse before fine, brightness before colour."""
        if self.margin_px:
            side = slope.shape[1]
            rows, columns = torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None]
            weight = (rows**2 + columns**2).sqrt().clamp(min=2 / side).pow(-FALLOFF).to(slope.device)
            slope = torch.fft.irfft2(torch.fft.rfft2(slope) * weight, s=(side, side))
            grey = slope.mean(0, keepdim=True)
            slope = grey + COLOUR * (slope - grey)
        return slope / slope.square().mean().sqrt().clamp(min=1e-12)

    def bounded(self, picture: Tensor) -> Tensor:
        """At most CONTRAST around the mean, and within 0..255 with the mean."""
        picture = picture * (CONTRAST / picture.square().mean().sqrt()).clamp(max=1)
        return picture.clamp(self.low, self.low + 255)

    @torch.no_grad()
    def preview(self, picture: Tensor, step: int, steps: int) -> Preview:
        low = self.window(self.low, self.margin_px, self.margin_px)
        shown = (self.window(picture, self.margin_px, self.margin_px) - low).round().clamp(0, 255)
        value = self.value(shown + low).item()
        return Preview(step, steps, value, shown[0].permute(1, 2, 0).byte().cpu().numpy())


def _window(row: Layer) -> tuple[int, int, bool]:
    """First pixel and side of what the unit at a map's centre sees, and whether that is the whole crop.

    A field that ends within the crop has read no padding, in no layer: the window alone gives the same value.
    """
    start = row.field_start_px + (row.size_px - 1) // 2 * row.field_stride_px
    if row.kind == "fc" or start < 0 or start + row.field_px > row.crop_px:
        return 0, row.crop_px, True
    return start, row.field_px, False


def _own_nonlinearity(gradients: Gradients, row: Layer) -> str:
    """The layer whose ReLU is the last on the way up to this one."""
    names = [layer.name for layer in gradients.config.layers]
    below = gradients.config.layers[: names.index(row.name) + 1]
    return next((layer.name for layer in reversed(below) if gradients.is_activated(layer)), "")
