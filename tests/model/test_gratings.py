"""Gratings by hand; tuning curves against the whole network looking at whole gratings."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from model.explorer import Explorer
from model.gratings import grating, tuning
from model.layers import CODE_2012, ONE_TOWER
from tests.test_shipped_model import MODEL
from tests.toys import TOY, small, write_toy


def test_grating_by_hand() -> None:
    """A quarter cycle a pixel on three pixels, brightest in the middle: cos(-90), cos(0), cos(90 degrees)."""
    rows = grating(0, 0.25, 0, "grey", 1.0, 3)
    assert rows.shape == (3, 3, 3)
    assert rows[0] == pytest.approx(np.asarray([[0, 0, 0], [100, 100, 100], [0, 0, 0]]), abs=1e-4)
    assert (rows[0] == rows[1]).all()
    columns = grating(90, 0.25, 0, "red_green", 0.5, 3)
    assert columns[0] == pytest.approx(np.asarray([[0, 50, 0]] * 3), abs=1e-4)
    assert columns[1] == pytest.approx(-columns[0])
    assert not columns[2].any()
    assert grating(0, 0.25, np.pi, "blue_yellow", 1.0, 3)[:, 1, 1] == pytest.approx([50, 50, -100])


def test_bars_of_45_degrees_rise_to_the_right() -> None:
    picture = grating(45, 0.1, 0.3, size_px=20)[0]
    assert picture[10, 10] == pytest.approx(picture[9, 11], abs=1e-3)  # one up, one right: the same bar
    assert abs(picture[10, 10] - picture[9, 9]) > 10


def test_unknown_colour() -> None:
    with pytest.raises(ValueError, match="no colour 'teal'; choose grey, red_green, blue_yellow"):
        grating(0, 0.1, 0, "teal")


def test_tuning_by_hand() -> None:
    """A kernel that is the grating itself answers with the grating's energy, whatever the phase; bias and ReLU behind."""
    kernel = grating(30, 0.2, 1.0, "grey", 0.01, 11)[None]
    energy = np.float64(np.square(kernel).sum())
    found = tuning(TOY, kernel, np.asarray([-1.0]), np.asarray([30.0, 120.0]), np.asarray([0.2, 0.2]), contrast=0.01)
    assert found[0, 0] == pytest.approx(energy - 1, rel=0.05)  # 0.05: the window holds no whole number of cycles
    assert found[0, 1] < 0.2 * energy
    silent = tuning(TOY, kernel, np.asarray([-2 * energy]), np.asarray([30.0]), np.asarray([0.2]), contrast=0.01)
    assert silent[0, 0] == 0


def seen_by_the_network(explorer: Explorer, angle: float, frequency: float, colour: str, contrast: float) -> np.ndarray:
    """conv1's largest value over all places whose windows lie within the picture, each unit's."""
    crop = grating(angle, frequency, 0.0, colour, contrast)[None]
    maps = explorer.activations(crop, ("conv1",))["conv1"][0]
    largest: np.ndarray = maps[:, :54, :54].max((1, 2))  # the last window overhangs
    return largest


# Windows are 4 pixels apart both ways: 54 x 54 of them see 2,916 phases of a grating whose step is no fraction of a
# cycle. Gaps between these phases stay below 0.08 radians, so the best is within 1 - cos(0.04), .08 %, of the product.
GRATINGS = [(30.0, 0.131, "grey", 1.0), (77.0, 0.0871, "red_green", 0.6), (151.0, 0.203, "blue_yellow", 1.0)]


@pytest.mark.parametrize(("angle", "frequency"), [one[:2] for one in GRATINGS])
def test_places_sample_the_phases(angle: float, frequency: float) -> None:
    row, column = np.indices((54, 54))
    across = 4 * (np.sin(np.radians(angle)) * column + np.cos(np.radians(angle)) * row)
    phases = np.sort((2 * np.pi * frequency * across).ravel() % (2 * np.pi))
    assert np.diff(phases, append=phases[0] + 2 * np.pi).max() < 0.08


@pytest.mark.parametrize(("angle", "frequency", "colour", "contrast"), GRATINGS)
def test_tuning_is_the_networks(angle: float, frequency: float, colour: str, contrast: float) -> None:
    explorer = Explorer.open(MODEL, "cpu")
    expected = seen_by_the_network(explorer, angle, frequency, colour, contrast)
    kernels, biases = explorer.weights["conv1.weight"], explorer.weights["conv1.bias"]
    pair = np.asarray([angle]), np.asarray([frequency])
    found = tuning(explorer.config, kernels, biases, *pair, colour=colour, contrast=contrast)[:, 0]
    assert expected.max() > 1
    assert (expected > 0).sum() > 10
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-3 * float(expected.max()))


@pytest.mark.parametrize(
    "config",
    [small(CODE_2012), small(ONE_TOWER), dataclasses.replace(TOY, activation="tanh")],
    ids=["no ReLU behind conv1", "one tower", "tanh"],
)
def test_tuning_is_that_of_other_networks(config: object, tmp_path: Path) -> None:
    write_toy(tmp_path / "model.onnx", config)  # type: ignore[arg-type]
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    expected = seen_by_the_network(explorer, 30.0, 0.131, "grey", 0.01)
    kernels, biases = explorer.weights["conv1.weight"], explorer.weights["conv1.bias"]
    pair = np.asarray([30.0]), np.asarray([0.131])
    found = tuning(explorer.config, kernels, biases, *pair, contrast=0.01)[:, 0]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-3 * float(np.abs(expected).max()))
