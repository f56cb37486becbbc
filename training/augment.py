"""Section 4.1, data augmentation: random crops, mirror images and PCA colour noise, one draw a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from model.colours import colour_components
from model.layers import CROP_PX, SQUARE_PX
from training.prepared import Prepared
from training.recipe import Recipe

COLOUR_STD = 0.1
EDGE_PX = (SQUARE_PX - CROP_PX) // 2


class Draws(NamedTuple):
    """What happens to each picture of a batch."""

    windows: Tensor
    """int64 (batch, 4): side, top, left, and 1 where mirrored."""
    alphas: Tensor
    """(batch, 3): the colour noise's draws from N(0, .1)."""

    def part(self, rows: slice) -> Draws:
        return Draws(self.windows[rows], self.alphas[rows])


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Cuts training crops from squares. Its fields but the first two are a recipe's."""

    mean: Tensor
    """(256, 256, 3): the mean picture in grey levels."""
    components: Tensor
    """(3, 3): one scaled principal component of RGB a row, in grey levels; zeros switch the colour noise off."""
    mirror: bool = True
    """Whether half the crops are mirrored."""
    crop_px: tuple[int, int] = (CROP_PX, CROP_PX)
    all_offsets: bool = False
    images_a_draw: int = 1
    input_divisor: float = 1.0

    @staticmethod
    def of(recipe: Recipe, train: Prepared, device: torch.device) -> Augment:
        """As a recipe wants it, for these pictures."""
        return Augment(
            mean=torch.from_numpy(train.mean).permute(1, 2, 0).contiguous().to(device),
            components=torch.from_numpy(colour_components(train.covariance, recipe.colour_noise)).to(device),
            mirror=recipe.mirror, crop_px=recipe.crop_px, all_offsets=recipe.all_offsets,
            images_a_draw=recipe.images_a_draw, input_divisor=recipe.input_divisor,
        )  # fmt: skip

    def draw(self, batch: int, generator: torch.Generator) -> Draws:
        """What happens to each picture of a batch."""
        return Draws(self._windows(batch, generator), torch.randn(batch, 3, generator=generator) * COLOUR_STD)

    def __call__(self, squares: Tensor, draws: Draws, colour_noise: bool = True, side_px: int = CROP_PX) -> Tensor:
        """uint8 (batch, 256, 256, 3) to float (batch, 3, side_px, side_px), mean-subtracted RGB, channels_last."""
        alphas = draws.alphas * colour_noise
        shifts = (
            alphas.to(self.components.device, non_blocking=True) @ self.components
        )  # (batch, 3): [p1 p2 p3][a1 l1, a2 l2, a3 l3]
        if squares.is_cuda and self.crop_px == (CROP_PX, CROP_PX) == (side_px, side_px):
            crops = self._gather(squares, draws.windows.to(squares.device, non_blocking=True)) + shifts[:, None, None]
        else:
            crops = torch.empty(len(squares), side_px, side_px, 3, device=squares.device)
            rows = shifts.repeat(1, side_px)  # one crop's shift, pixel after pixel
            for crop, square, window, row in zip(crops, squares, draws.windows.tolist(), rows, strict=True):
                cut, mean = self._cut(square, window, side_px)
                crop.copy_(cut).sub_(mean)  # a float less bytes in one call takes three times as long
                crop.view(side_px, -1).add_(row)  # while it is in the cache
        if colour_noise and self.input_divisor != 1:
            crops /= self.input_divisor
        return crops.permute(0, 3, 1, 2)

    def _windows(self, batch: int, generator: torch.Generator) -> Tensor:
        draws = -(-batch // self.images_a_draw)
        smallest, largest = self.crop_px
        sides = torch.randint(smallest, largest + 1, (draws,), generator=generator)
        places = SQUARE_PX - sides + self.all_offsets  # 32 x 32 of a 224-pixel crop (section 4.1), or 33 x 33
        corners = (torch.rand(draws, 2, generator=generator) * places[:, None]).long()
        mirrored = torch.rand(draws, generator=generator) < 0.5 * self.mirror
        windows = torch.cat([sides[:, None], corners, mirrored[:, None]], 1)
        return windows.repeat_interleave(self.images_a_draw, 0)[:batch]

    @cached_property
    def _means(self) -> tuple[Tensor, Tensor]:
        """The mean picture and its mirror image."""
        return self.mean, self.mean.flip(1)

    @cached_property
    def _middles(self) -> dict[int, tuple[Tensor, Tensor]]:
        """The middles of both by the side that they were resized to, filled as sides are asked for."""
        return {}

    def _middle(self, side_px: int, mirrored: int) -> Tensor:
        if side_px not in self._middles:
            middle = self.mean[EDGE_PX : EDGE_PX + CROP_PX, EDGE_PX : EDGE_PX + CROP_PX]
            middle = middle if side_px == CROP_PX else _resized(middle, side_px)
            self._middles[side_px] = middle, middle.flip(1)
        return self._middles[side_px][mirrored]

    def _cut(self, square: Tensor, window: list[int], side_px: int) -> tuple[Tensor, Tensor]:
        """A crop and what is taken off it, (side_px, side_px, 3) each."""
        side, top, left, mirrored = window
        cut = square[top : top + side, left : left + side]
        if side == side_px == CROP_PX:
            from_left = SQUARE_PX - side - left if mirrored else left
            mean = self._means[mirrored][top : top + side, from_left : from_left + side]
        else:  # off its place, a crop loses the middle of the mean, as at test time
            cut, mean = _resized(cut, side_px), self._middle(side_px, mirrored)
        return cut.flip(1) if mirrored else cut, mean

    def _gather(self, squares: Tensor, windows: Tensor) -> Tensor:
        """All crops of one size in three kernels, where a loop would starve a GPU: (batch, 224, 224, 3)."""
        steps = torch.arange(CROP_PX, device=squares.device)
        rows = windows[:, 1, None] + steps
        columns = windows[:, 2, None] + torch.where(windows[:, 3, None] == 1, steps.flip(0), steps)
        place = (rows[:, :, None], columns[:, None])
        return squares[torch.arange(len(squares), device=squares.device)[:, None, None], *place] - self.mean[place]


def _resized(pixels: Tensor, side_px: int) -> Tensor:
    """(height, width, 3) to (side_px, side_px, 3); bytes stay bytes, but on a GPU, which resizes none."""
    maps = pixels.permute(2, 0, 1)[None]
    maps = maps.float() if maps.is_cuda else maps
    resized = F.interpolate(maps, size=(side_px, side_px), mode="bilinear", antialias=True)
    return resized[0].permute(1, 2, 0)
