"""When the rate drops, by hand."""

import pytest

from training.schedule import Cosine, Drops, Plateau, Trapezoid


def test_plateau() -> None:
    plateau = Plateau(patience=2, least_gain=0.5, num_drops=2)
    assert plateau.factor(0, 9, []) == 1
    assert plateau.factor(1, 9, [50, 40, 39.8]) == 1  # .2 points are no gain, one epoch's wait
    assert plateau.factor(1, 9, [50, 40, 39.8, 39.6]) == pytest.approx(0.1)
    assert plateau.factor(1, 9, [50, 40, 39.8, 39.6, 38, 37.9, 37.8]) == pytest.approx(0.01)
    stalled = [50.0] + [50.0] * 6
    assert plateau.factor(1, 9, stalled) == pytest.approx(0.01)  # two drops at most
    assert plateau.finished(stalled)
    assert not plateau.finished(stalled[:-1])


def test_a_net_that_has_not_begun_has_not_stalled() -> None:
    assert Plateau().factor(20, 90, [99.9] * 20) == 1
    assert not Plateau().finished([99.9] * 20)
    assert Plateau().factor(24, 90, [99.9] * 20 + [93.9] * 4) == pytest.approx(0.1)
    assert Plateau().factor(5, 90, [90.0] + [99.9] * 4) == pytest.approx(0.1)  # one that has come apart has


def test_paper_drops_three_times() -> None:
    assert Plateau().factor(50, 90, [30.0] * 50) == pytest.approx(0.001)


def test_cosine() -> None:
    cosine = Cosine(warmup=0.2)
    assert cosine.factor(0, 10, []) == 0
    assert cosine.factor(1, 10, []) == pytest.approx(0.5)
    assert cosine.factor(2, 10, []) == pytest.approx(1)
    assert cosine.factor(6, 10, []) == pytest.approx(0.5)
    assert cosine.factor(10, 10, []) == pytest.approx(0, abs=1e-12)
    assert not cosine.finished([99.0] * 99)


def test_logged_epochs() -> None:
    drops = Drops(at=(25, 51, 79))  # the 2012 code's
    assert [drops.factor(epoch, 91, []) for epoch in (0, 24.9, 25, 51, 79, 90)] == pytest.approx(
        [1, 1, 0.1, 0.01, 0.001, 0.001]
    )
    assert not drops.finished([99.0] * 99)


def test_trapezoid() -> None:
    trapezoid = Trapezoid(warmup_epochs=2, decay_epochs=4)
    assert [trapezoid.factor(epoch, 10, []) for epoch in (0, 1, 2, 6, 7, 8, 10)] == pytest.approx(
        [0, 0.5, 1, 1, 0.75, 0.5, 0]
    )
    assert trapezoid.factor(6, 20, []) == 1  # a longer run decays later
    assert Trapezoid(warmup_epochs=0, decay_epochs=1).factor(0, 10, []) == 1
    assert not trapezoid.finished([99.0] * 99)
