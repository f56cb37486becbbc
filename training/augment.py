"""Section 4.1, data augmentation: random 224-pixel crops, mirror images and PCA colour noise, one draw per picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.layers import CROP_PX, SQUARE_PX

COLOUR_STD = 0.1


@dataclass(frozen=True)
class Augment:
    """Cuts training crops from squares.

    mean : Tensor of shape (256, 256, 3), the mean picture in grey levels.
    components : Tensor of shape (3, 3), one scaled principal component of RGB a row, in grey levels; zeros switch
        the colour noise off.
    mirror : bool, whether half the crops are mirrored.
    """

    mean: Tensor
    components: Tensor
    mirror: bool = True

    def __call__(self, squares: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (batch, 256, 256, 3) to float (batch, 3, 224, 224), mean-subtracted RGB, channels_last."""
        batch = len(squares)
        places = torch.randint(SQUARE_PX - CROP_PX, (batch, 2), generator=generator).tolist()  # 32 x 32, section 4.1
        mirrored = (torch.rand(batch, generator=generator) < 0.5 * self.mirror).tolist()
        alphas = torch.randn(batch, 3, generator=generator) * COLOUR_STD
        shifts = alphas.to(self.components.device) @ self.components  # (batch, 3): [p1 p2 p3][a1 l1, a2 l2, a3 l3]
        crops = torch.empty(batch, CROP_PX, CROP_PX, 3, device=squares.device)
        for i, (top, left) in enumerate(places):
            window = (slice(top, top + CROP_PX), slice(left, left + CROP_PX))
            torch.sub(squares[i][window], self.mean[window] - shifts[i], out=crops[i])
            if mirrored[i]:
                crops[i] = crops[i].flip(1)
        return crops.permute(0, 3, 1, 2)


def colour_components(
    covariance: npt.NDArray[np.float64], scale: Literal["eigenvalue", "stdev", "none"]
) -> npt.NDArray[np.float32]:
    """Principal components of RGB, scaled to grey levels, one a row: what N(0, .1) multiplies.

    Parameters
    ----------
    covariance : ndarray of shape (3, 3), in squared grey levels.
    scale : "eigenvalue" as the paper prints it, for pixels in 0..1 (times 255 again to be grey levels); "stdev" as the
        2012 code has it; "none" for no noise.
    """
    eigenvalues, vectors = np.linalg.eigh(covariance)
    sizes = {"eigenvalue": eigenvalues / 255, "stdev": np.sqrt(np.maximum(eigenvalues, 0)), "none": np.zeros(3)}
    return np.ascontiguousarray((vectors * sizes[scale]).T[::-1], dtype=np.float32)
