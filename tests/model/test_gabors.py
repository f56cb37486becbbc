"""Gabor fits beside a model are the fits, number by number; of other kernels they are not used."""

from pathlib import Path

import numpy as np
import pytest

from model import gabors, kernels
from model.explorer import Explorer
from model.kernels import Gabor, fit_gabors
from tests.test_shipped_model import MODEL
from tests.toys import write_toy


def weights(path: Path, seed: int = 0) -> kernels.Floats:
    write_toy(path, seed=seed)
    return Explorer.open(path, "cpu").weights["conv1.weight"]


def assert_same(found: list[Gabor], expected: list[Gabor]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert [getattr(one, name) for name in gabors.NUMBERS] == [getattr(other, name) for name in gabors.NUMBERS]
        np.testing.assert_array_equal(one.picture, other.picture)


def forbidden(_: object) -> list[Gabor]:
    raise AssertionError("they are beside the model")


def test_read_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    of_file = weights(path)
    assert gabors.main([str(path)]) == 0
    expected = fit_gabors(of_file)
    monkeypatch.setattr(gabors, "fit_gabors", forbidden)
    assert_same(gabors.of(path, of_file), expected)


@pytest.mark.parametrize("beside", ["nothing", "rubbish", "other kernels"])
def test_fitted_anew(tmp_path: Path, beside: str) -> None:
    path = tmp_path / "model.onnx"
    if beside == "other kernels":
        gabors.write(path, weights(path, seed=1))
    of_file = weights(path)
    if beside == "rubbish":
        gabors.beside(path).write_bytes(b"rubbish")
    assert_same(gabors.of(path, of_file), fit_gabors(of_file))


def test_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gabors.main([str(tmp_path / "none.onnx")]) == 2
    assert "There is no model file" in capsys.readouterr().err


def test_the_shipped_models_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """R² to the last digit but for what another processor's arithmetic does, which may lead a fit or two to another end."""
    of_file = Explorer.open(MODEL, "cpu").weights["conv1.weight"]
    expected = [fit.r2 for fit in fit_gabors(of_file)]
    monkeypatch.setattr(gabors, "fit_gabors", forbidden)
    found = [fit.r2 for fit in gabors.of(MODEL, of_file)]
    assert np.isclose(found, expected, rtol=0, atol=1e-3).sum() >= len(expected) - 2
    assert (np.subtract(expected, found) < 1e-3).all()  # none that a fit here would better
