"""When the rate drops, by hand."""

import pytest

from training.schedule import Cosine, Plateau


def test_plateau() -> None:
    plateau = Plateau(patience=2, least_gain=0.5, num_drops=2)
    assert plateau.factor(0.0, []) == 1
    assert plateau.factor(0.1, [50, 40, 39.8]) == 1  # .2 points are no gain, one epoch's wait
    assert plateau.factor(0.1, [50, 40, 39.8, 39.6]) == pytest.approx(0.1)
    assert plateau.factor(0.1, [50, 40, 39.8, 39.6, 38, 37.9, 37.8]) == pytest.approx(0.01)
    stalled = [50.0] + [50.0] * 6
    assert plateau.factor(0.1, stalled) == pytest.approx(0.01)  # two drops at most
    assert plateau.finished(stalled)
    assert not plateau.finished(stalled[:-1])


def test_paper_drops_three_times() -> None:
    assert Plateau().factor(0.5, [30.0] * 50) == pytest.approx(0.001)


def test_cosine() -> None:
    cosine = Cosine(warmup=0.2)
    assert cosine.factor(0.0, []) == 0
    assert cosine.factor(0.1, []) == pytest.approx(0.5)
    assert cosine.factor(0.2, []) == pytest.approx(1)
    assert cosine.factor(0.6, []) == pytest.approx(0.5)
    assert cosine.factor(1.0, []) == pytest.approx(0, abs=1e-12)
    assert not cosine.finished([99.0] * 99)
