"""Figure 3 in numbers: how much colour a kernel of the first layer has, which way its bars run, and how fine they are.

Kernels are arrays of shape (3, rows, columns), RGB. Orientations are those of the bars, in degrees counted against the
clock as on the screen: 0 is horizontal bars, 90 vertical ones. Frequencies are in cycles a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

Floats = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]

GOOD_R2 = 0.5
"""A fit that leaves half of a kernel's variance out says little of its orientation and frequency. A choice of ours."""
MAX_FREQUENCY = 0.5  # two pixels a cycle: finer bars cannot be told from coarser ones
FFT_PX = 64  # zero-padded to this, so that the peak is found to 1/64 cycle a pixel
MIN_CYCLES = 0.5
"""With fewer cycles across the kernel a fit is one edge or one blob, and its frequency means nothing."""
NUM_RESAMPLES = 10_000


def colour_selectivity(kernels: Floats) -> Doubles:
    """Share of each kernel's energy that lies off the grey axis (1, 1, 1) / sqrt(3): 0 is grey, 1 has no luminance.

    For noise that is independent in every pixel and channel this is the share of the response's variance that goes
    when the noise is turned grey. So it asks of weights what Rafegas & Vanrell (Vision Research 151, 2018) ask of
    responses, with and without a picture's colour.

    Parameters
    ----------
    kernels : ndarray of shape (kernels, 3, rows, columns)

    Returns
    -------
    ndarray of shape (kernels,), 0..1; 0 for a kernel of zeros.
    """
    weights = np.asarray(kernels, np.float64)
    energy = np.square(weights).sum((1, 2, 3))
    grey = np.square(weights.sum(1)).sum((1, 2)) / 3
    return np.asarray(np.clip(1 - np.divide(grey, energy, out=np.ones_like(energy), where=energy > 0), 0, 1))


def strongest_axis(kernel: Floats) -> tuple[Doubles, Doubles]:
    """A kernel along the colour in which it varies most: the first principal component over its three channels.

    Parameters
    ----------
    kernel : ndarray of shape (3, rows, columns)

    Returns
    -------
    The axis, (3,) of length 1 whose largest entry is positive, and the kernel along it, (rows, columns).
    """
    channels = np.asarray(kernel, np.float64).reshape(3, -1)
    axis = np.linalg.eigh(np.cov(channels))[1][:, -1]
    axis = axis * np.sign(axis[np.abs(axis).argmax()])
    return axis, (axis @ channels).reshape(kernel.shape[1:])


@dataclass(frozen=True, eq=False)
class Gabor:
    """A Gabor function fitted to a picture: amplitude * exp(-a^2/2sa^2 - b^2/2sb^2) * cos(2 pi f a + phase) + offset.

    a is the distance from the centre across the bars, b along them.
    """

    amplitude: float
    centre_x: float
    """Pixels right of the picture's middle."""
    centre_y: float
    """Pixels below the picture's middle."""
    sigma_across: float
    """Pixels, across the bars."""
    sigma_along: float
    orientation: float
    """Of the bars, degrees, 0 <= orientation < 180: 0 is horizontal, 45 rises to the right, 90 is vertical."""
    frequency: float
    """Cycles a pixel."""
    phase: float
    """Radians, at the centre."""
    offset: float
    r2: float
    """1 - squared error / variance: 1 is a perfect fit, 0 no better than a plain grey."""
    odd_share: float
    """Share of the fit's energy about its mean that changes sign at the centre: near 1 for an edge."""
    picture: Doubles
    """(rows, columns), the fit itself."""

    @property
    def cycles_per_kernel(self) -> float:
        return float(self.frequency * self.picture.shape[1])

    @property
    def is_good(self) -> bool:
        return self.r2 >= GOOD_R2

    @property
    def has_frequency(self) -> bool:
        """Whether the fit is good and has bars to count."""
        return self.is_good and self.cycles_per_kernel >= MIN_CYCLES

    @property
    def has_orientation(self) -> bool:
        """Whether the fit is good and has bars or is an edge; a blob could be turned and stay what it is."""
        return self.has_frequency or (self.is_good and self.odd_share >= 0.5)


def fit_gabor(picture: Floats) -> Gabor:
    """The Gabor function nearest to a picture in squared error, sought from the peak of its Fourier transform.

    Parameters
    ----------
    picture : ndarray of shape (rows, columns)
    """
    pixels = np.asarray(picture, np.float64)
    variation = float(np.square(pixels - pixels.mean()).sum())
    if variation == 0:  # a dead kernel has no bars
        return Gabor(0, 0, 0, 1, 1, 0, 0, 0, float(pixels.mean()), 0, 0, pixels)
    scale = float(np.sqrt(variation / pixels.size))  # so that the search stops alike for small and large weights
    x, y = _coordinates(pixels.shape)
    data = pixels.ravel() / scale
    size = max(pixels.shape)
    reach = size / 2
    low = [-np.inf, -np.inf, -np.inf, -reach, -reach, 0.5, 0.5, -np.inf, 0.25 / size]
    high = [np.inf, np.inf, np.inf, reach, reach, size, size, np.inf, MAX_FREQUENCY]
    found = min(
        (
            least_squares(
                lambda p: _gabor(p, x, y)[0] - data, start, lambda p: _gabor(p, x, y)[1], (low, high), max_nfev=100
            )
            for start in _starts(pixels / scale, x, y)
        ),
        key=lambda fit: float(fit.cost),
    )
    cosine, sine, offset, x0, y0, across, along, angle, frequency = (float(value) for value in found.x)
    return Gabor(
        amplitude=scale * float(np.hypot(cosine, sine)),
        centre_x=x0,
        centre_y=y0,
        sigma_across=across,
        sigma_along=along,
        orientation=float(np.degrees(angle)) % 180,
        frequency=frequency,
        phase=float(np.arctan2(-sine, cosine)),
        offset=scale * offset,
        r2=1 - 2 * float(found.cost) * scale**2 / variation,
        odd_share=_odd_share(found.x, x, y),
        picture=scale * _gabor(found.x, x, y)[0].reshape(pixels.shape),
    )


def fit_gabors(kernels: Floats) -> list[Gabor]:
    """`fit_gabor` of every kernel (kernels, 3, rows, columns), each along its strongest colour axis."""
    return [fit_gabor(strongest_axis(kernel)[1]) for kernel in kernels]


def _coordinates(shape: tuple[int, ...]) -> tuple[Doubles, Doubles]:
    """x to the right and y down from the middle, pixel by pixel, flat."""
    y, x = np.indices(shape).astype(np.float64)
    return (x - (shape[1] - 1) / 2).ravel(), (y - (shape[0] - 1) / 2).ravel()


def _starts(pixels: Doubles, x: Doubles, y: Doubles) -> list[Doubles]:
    """Where to begin: the Fourier peak's bars around the middle of the energy, in a small window and in a large one."""
    varied = pixels - pixels.mean()
    power = np.abs(np.fft.fft2(varied, (FFT_PX, FFT_PX))) ** 2
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    along_x, along_y = np.fft.fftfreq(FFT_PX)[[column, row]]
    frequency = float(np.clip(np.hypot(along_x, along_y), 0.3 / max(pixels.shape), 0.99 * MAX_FREQUENCY))
    angle = float(np.arctan2(along_x, along_y))  # across the bars is (sin, cos), see `_gabor`
    energy = np.square(varied).ravel()
    x0, y0 = float(energy @ x / energy.sum()), float(energy @ y / energy.sum())
    starts = []
    for sigma in (max(pixels.shape) / 6, max(pixels.shape) / 3):
        start = np.asarray([1, 0, 0, x0, y0, sigma, sigma, angle, frequency], np.float64)
        linear = _gabor(start, x, y)[1][:, :3]  # the first three enter linearly: solve them
        start[:3] = np.linalg.lstsq(linear, pixels.ravel(), rcond=None)[0]
        starts.append(start)
    return starts


def _odd_share(p: Doubles, x: Doubles, y: Doubles) -> float:
    slopes = _gabor(p, x, y)[1]
    even, odd = float(np.var(p[0] * slopes[:, 0])), float(np.var(p[1] * slopes[:, 1]))
    return odd / (even + odd)


def _gabor(p: Doubles, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    """The function and its derivatives by its nine parameters, (pixels,) and (pixels, 9).

    A cosine and a sine stand for amplitude and phase, so that the search has no seam where a phase goes round.
    """
    cosine, sine, offset, x0, y0, across, along, angle, frequency = p
    sin, cos = np.sin(angle), np.cos(angle)
    a = (x - x0) * sin + (y - y0) * cos  # across the bars; y points down, so angles count against the clock
    b = (x - x0) * cos - (y - y0) * sin
    window = np.exp(-0.5 * (np.square(a / across) + np.square(b / along)))
    turn = 2 * np.pi * frequency * a
    even, odd = window * np.cos(turn), window * np.sin(turn)
    value = cosine * even + sine * odd
    quarter = sine * even - cosine * odd  # a quarter of a cycle on
    by_a = -value * a / across**2 + 2 * np.pi * frequency * quarter
    by_b = -value * b / along**2
    slopes = (
        even, odd, np.ones_like(x), -by_a * sin - by_b * cos, -by_a * cos + by_b * sin,
        value * a**2 / across**3, value * b**2 / along**3, by_a * b - by_b * a, 2 * np.pi * a * quarter,
    )  # fmt: skip
    return value + offset, np.stack(slopes, 1)


@dataclass(frozen=True)
class Difference:
    """How far the second group's mean lies above the first's, with a 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def difference(first: Floats, second: Floats, seed: int = 0) -> Difference:
    """Mean of `second` less mean of `first`; each group is drawn anew, with replacement, ten thousand times."""
    rng = np.random.default_rng(seed)
    means = [group[rng.integers(0, len(group), (NUM_RESAMPLES, len(group)))].mean(1) for group in (first, second)]
    low, high = np.percentile(means[1] - means[0], [2.5, 97.5])
    return Difference(float(np.mean(second) - np.mean(first)), float(low), float(high))
