"""What colour-blind eyes see of the explorer's colours, by the model of Machado, Oliveira and Fernandes (2009)."""

import numpy as np
import numpy.typing as npt
import plotly.colors
import pytest

from app.figures import GPU_COLOURS, RAMP
from app.map_panel import PALETTE, RIGHT, WRONG, colour_of

# Full dichromacy, on linear RGB; from the paper's table.
SIMULATED = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
D65 = TO_XYZ.sum(1)
GROUNDS = {"light": "#ffffff", "dark": "#141516"}


def linear(colours: list[str]) -> npt.NDArray[np.float64]:
    """Linear RGB, (n, 3)."""
    values = np.array([list(bytes.fromhex(colour.removeprefix("#"))) for colour in colours]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """CIELAB of linear RGB, (n, 3)."""
    xyz = np.clip(rgb, 0, 1) @ TO_XYZ.T / D65
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def least_distance(colours: list[str], eyes: str) -> float:
    """Between the two nearest, as those eyes see them; 2.3 is what can just be noticed side by side."""
    seen = lab(linear(colours) @ np.asarray(SIMULATED[eyes]).T)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    return float(apart[~np.eye(len(seen), dtype=bool)].min())


def contrast(one: str, other: str) -> float:
    """As WCAG counts it, 1..21."""
    low, high = sorted(float(value) for value in linear([one, other]) @ TO_XYZ[1])
    return (high + 0.05) / (low + 0.05)


def test_lab_by_hand() -> None:
    assert lab(linear(["#ffffff", "#000000"])).round(2).tolist() == [[100, 0, 0], [0, 0, 0]]
    assert lab(linear(["#ff0000"]))[0] == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("eyes", SIMULATED)
def test_two_gpus_are_two_colours(eyes: str) -> None:
    assert least_distance(list(GPU_COLOURS), eyes) > 40


@pytest.mark.parametrize("eyes", SIMULATED)
def test_twenty_classes_are_twenty_colours(eyes: str) -> None:
    """The hues that were there before came as near as 4.1."""
    colours = [colour_of(i, 20) for i in range(20)]
    assert len(PALETTE) == 20
    assert least_distance(colours, eyes) > 17
    assert least_distance([RIGHT, WRONG], eyes) > 20
    assert min(least_distance([one, gpu], "all cones") for one in colours for gpu in GPU_COLOURS) > 17


def test_two_hundred_classes_are_a_spectrum() -> None:
    """Neighbours in the order are nearer than the twentieth from there, and none is red again at the end."""
    seen = lab(linear([colour_of(i, 200) for i in range(200)]))
    near, far = (np.linalg.norm(seen[step:] - seen[:-step], axis=1) for step in (1, 20))
    assert near.max() < 12 < far.min()
    assert np.linalg.norm(seen[0] - seen[-1]) > 50


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
def test_colours_stand_out_from_the_ground(ground: str) -> None:
    assert min(contrast(colour_of(i, 20), ground) for i in range(20)) > 1.9
    assert min(contrast(colour, ground) for colour in GPU_COLOURS) > 3


@pytest.mark.parametrize("eyes", SIMULATED)
@pytest.mark.parametrize("name", ["grey", "Viridis", "Magma", "over the photograph"])
def test_more_is_lighter(name: str, eyes: str) -> None:
    if name == "grey":
        ramp = ["#000000", "#ffffff"]
    elif name == "over the photograph":
        ramp = ["#" + bytes(colour.tolist()).hex() for colour in RAMP]
    else:
        ramp = list(getattr(plotly.colors.sequential, name))
    lightness = lab(linear(ramp) @ np.asarray(SIMULATED[eyes]).T)[:, 0]
    assert (np.diff(lightness) > 0).all()
