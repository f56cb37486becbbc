"""Striped pictures and what the first layer's kernels answer to them: tuning curves, as physiologists draw them.

Orientations and frequencies as in `model.kernels`: degrees of the bars, against the clock from the horizontal; cycles
a pixel.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from model.layers import Config

Floats = npt.NDArray[np.floating[Any]]
Array = npt.NDArray[np.float32]

FULL_CONTRAST = 100.0  # grey levels about the mean: as far as the usual mean, 100 to 125, lets a photograph go
COLOUR_AXES = MappingProxyType(
    {"grey": (1.0, 1.0, 1.0), "red_green": (1.0, -1.0, 0.0), "blue_yellow": (-0.5, -0.5, 1.0)}
)
"""The channels' shares in a grating; the two colours lie off the grey axis."""


def grating(
    orientation: float, frequency: float, phase: float, colour: str = "grey", contrast: float = 1.0, size_px: int = 224
) -> Array:
    """A sine grating, what is left of a picture when the mean is taken off.

    Parameters
    ----------
    orientation : float
        Of the bars, degrees.
    frequency : float
        Cycles a pixel.
    phase : float
        Radians, at the middle of the picture: 0 puts the brightest line there.
    colour : {"grey", "red_green", "blue_yellow"}
    contrast : float
        0..1; 1 swings by 100 grey levels in the strongest channel.

    Returns
    -------
    ndarray of shape (3, size_px, size_px), grey levels about the mean.
    """
    if colour not in COLOUR_AXES:
        raise ValueError(f"There is no colour {colour!r}; choose {', '.join(COLOUR_AXES)}.")
    place = np.arange(size_px) - (size_px - 1) / 2
    angle = np.radians(orientation)
    across = np.sin(angle) * place + np.cos(angle) * place[:, None]  # y points down
    wave = FULL_CONTRAST * contrast * np.cos(2 * np.pi * frequency * across + phase)
    picture: Array = (np.asarray(COLOUR_AXES[colour])[:, None, None] * wave).astype(np.float32)
    return picture


def tuning(
    config: Config,
    kernels: Floats,
    biases: Floats,
    orientations: Floats,
    frequencies: Floats,
    *,
    colour: str = "grey",
    contrast: float = 1.0,
) -> Array:
    """What every kernel answers to gratings in its window, behind bias and activation function, at the best phase.

    A kernel's product with a grating is a cosine of the phase, so its product with two gratings a quarter of a cycle
    apart gives its height over all phases at once.

    Parameters
    ----------
    kernels, biases : ndarray of shape (kernels, 3, rows, columns), (kernels,)
        Of the first layer.
    orientations, frequencies : ndarray of shape (gratings,) each
        One pair a grating.

    Returns
    -------
    ndarray of shape (kernels, gratings)
    """
    size = kernels.shape[-1]
    pairs = list(zip(orientations, frequencies, strict=True))
    even, odd = (
        np.stack([grating(one, f, phase, colour, contrast, size).ravel() for one, f in pairs], 1)
        for phase in (0, np.pi / 2)
    )
    weights = kernels.reshape(len(kernels), -1)
    product = np.hypot(weights @ even, weights @ odd) + biases[:, None]
    if config.relu_after_pool1:  # the 2012 code's conv1 passes its products on as they are
        return np.asarray(product, np.float32)
    return np.asarray(np.tanh(product) if config.activation == "tanh" else np.maximum(product, 0), np.float32)
