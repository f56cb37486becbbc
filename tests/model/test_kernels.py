"""Colours by hand, Gabor functions found again, and an interval against arithmetic."""

import numpy as np
import numpy.typing as npt
import pytest

from model import kernels, onnx_file
from model.kernels import colour_selectivity, difference, fit_gabor, fit_gabors, strongest_axis
from tests.test_shipped_model import MODEL


def one_colour(*channels: float) -> npt.NDArray[np.float32]:
    """A kernel of one colour all over, among no others."""
    return np.ones((1, 3, 11, 11), np.float32) * np.asarray(channels, np.float32)[:, None, None]


def gabor(orientation: float, frequency: float, phase: float, offset: float = 0.0) -> npt.NDArray[np.float64]:
    """Amplitude 2 about (0.6 right, 0.4 above) the middle, sigma 2.2 across the bars and 3 along, by the formula."""
    y, x = np.mgrid[-5:6, -5:6].astype(float)
    x, y = x - 0.6, y + 0.4
    angle = np.radians(orientation)
    across, along = x * np.sin(angle) + y * np.cos(angle), x * np.cos(angle) - y * np.sin(angle)
    window = np.exp(-(across**2) / (2 * 2.2**2) - along**2 / (2 * 3**2))
    picture: npt.NDArray[np.float64] = 2 * window * np.cos(2 * np.pi * frequency * across + phase) + offset
    return picture


@pytest.mark.parametrize(
    ("channels", "share"),
    [
        ((1, 1, 1), 0),
        ((-2, -2, -2), 0),
        ((1, -1, 0), 1),
        ((1, 1, -2), 1),
        ((1, 0, 0), 2 / 3),  # of energy 1, grey keeps (1 / sqrt 3) ** 2
        ((1, 1, 0), 1 / 3),  # of energy 2, grey keeps (2 / sqrt 3) ** 2
        ((0, 0, 0), 0),
    ],
)
def test_colour_selectivity_by_hand(channels: tuple[float, ...], share: float) -> None:
    assert colour_selectivity(one_colour(*channels)) == pytest.approx([share], abs=1e-6)


def test_colours_that_cancel_are_colours_still() -> None:
    """Half the window grey, half red against green, of equal energy: half."""
    kernel = np.zeros((1, 3, 2, 2))
    kernel[0, :, 0] = 1
    kernel[0, :, 1] = np.asarray([1.5**0.5, -(1.5**0.5), 0])[:, None]
    assert colour_selectivity(kernel) == pytest.approx([0.5])


def test_strongest_axis() -> None:
    stripes = np.cos(np.arange(11))[None, :] * np.ones((11, 1))
    kernel = np.stack([0.6 * stripes, 0 * stripes, -0.8 * stripes]) + 7  # a shift is no variation
    axis, picture = strongest_axis(kernel)
    assert axis == pytest.approx([-0.6, 0, 0.8])  # its largest entry is positive
    assert picture - picture.mean() == pytest.approx(-(stripes - stripes.mean()))


@pytest.mark.parametrize("orientation", [0, 20, 45, 90, 110, 179])
@pytest.mark.parametrize(("frequency", "phase"), [(0.1, 0.5), (0.15, -2.0), (0.22, 1.57), (0.35, 3.0)])
def test_gabor_is_found_again(orientation: float, frequency: float, phase: float) -> None:
    fit = fit_gabor(0.01 * gabor(orientation, frequency, phase, offset=0.3))
    assert abs((fit.orientation - orientation + 90) % 180 - 90) < 1
    assert fit.frequency == pytest.approx(frequency, rel=0.02)
    assert fit.cycles_per_kernel == pytest.approx(11 * frequency, rel=0.02)
    assert fit.r2 > 0.99
    assert (fit.centre_x, fit.centre_y) == pytest.approx((0.6, -0.4), abs=0.05)
    assert (fit.sigma_across, fit.sigma_along) == pytest.approx((2.2, 3), rel=0.03)
    assert (fit.amplitude, fit.offset) == pytest.approx((0.02, 0.003), rel=0.03)
    assert fit.has_orientation
    assert fit.has_frequency
    assert fit.picture == pytest.approx(0.01 * gabor(orientation, frequency, phase, offset=0.3), abs=2e-3)


def test_phase_is_the_one_at_the_centre() -> None:
    """A sine grating is its own mirror image when bars are turned round, so the phase may come with its sign changed."""
    assert abs(fit_gabor(gabor(20, 0.15, -2.0)).phase) == pytest.approx(2.0, abs=0.02)


def test_orientation_is_that_of_the_bars() -> None:
    rows = np.cos(2 * np.pi * 0.15 * np.arange(11))[:, None] * np.ones((1, 11))
    assert fit_gabor(rows).orientation == pytest.approx(0, abs=0.1) or fit_gabor(rows).orientation > 179.9
    assert fit_gabor(rows.T).orientation == pytest.approx(90, abs=0.1)
    y, x = np.mgrid[-5:6, -5:6]
    assert fit_gabor(np.cos(0.8 * (x + y) / 2**0.5)).orientation == pytest.approx(45, abs=0.1)  # like "/"


def test_noise_is_no_gabor() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 11, 11))
    assert max(fit_gabor(one).r2 for one in noise) < kernels.GOOD_R2
    assert min(fit_gabor(one).r2 for one in noise) > 0


def test_blob_has_no_orientation_and_edge_no_frequency() -> None:
    y, x = np.mgrid[-5:6, -5:6]
    blob, edge = np.exp(-(x**2 + y**2) / 8), x * np.exp(-(x**2 + y**2) / 18)
    assert fit_gabor(blob).r2 > 0.99
    assert not fit_gabor(blob).has_orientation
    assert fit_gabor(edge).has_orientation
    assert fit_gabor(edge).orientation == pytest.approx(90, abs=1)


def test_dead_kernel() -> None:
    fit = fit_gabor(np.full((11, 11), 0.25))
    assert (fit.r2, fit.offset, fit.frequency) == (0, 0.25, 0)
    assert not fit.has_orientation


def test_derivatives_are_those_of_the_function() -> None:
    x, y = kernels._coordinates((11, 11))
    at = np.asarray([0.7, -0.4, 0.2, 0.5, -0.6, 2.0, 3.0, 0.8, 0.13])
    slopes = kernels._gabor(at, x, y)[1]
    for i, step in enumerate(np.eye(9) * 1e-6):
        rise = (kernels._gabor(at + step, x, y)[0] - kernels._gabor(at - step, x, y)[0]) / 2e-6
        assert slopes[:, i] == pytest.approx(rise, abs=1e-8)


def test_shipped_kernels_are_fitted_along_their_own_axes() -> None:
    weights = onnx_file.read(MODEL)[1]["conv1.weight"][:4]
    for kernel, fit in zip(weights, fit_gabors(weights), strict=True):
        picture = strongest_axis(kernel)[1]
        left = np.square(picture - fit.picture).sum() / np.square(picture - picture.mean()).sum()
        assert fit.r2 == pytest.approx(1 - left)
        assert 0 <= fit.r2 <= 1


def test_difference_of_means() -> None:
    """Two groups of two values: a resampled mean is 0, .5 or 1 with chances 1/4, 1/2, 1/4; far fewer than 2.5 % are cut."""
    found = difference(np.asarray([0.0, 1.0]), np.asarray([10.0, 11.0]))
    assert (found.mean, found.low, found.high) == (10, 9, 11)
    assert found.is_told
    same = difference(np.arange(20.0), np.arange(20.0))
    assert same.mean == 0
    assert not same.is_told


def test_interval_is_as_wide_as_theory_says() -> None:
    """For large groups: 1.96 standard errors to either side."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, 200), rng.normal(0.5, 2, 300)
    found = difference(first, second)
    error = (first.var() / 200 + second.var() / 300) ** 0.5
    assert (found.low, found.high) == pytest.approx((found.mean - 1.96 * error, found.mean + 1.96 * error), abs=0.02)
