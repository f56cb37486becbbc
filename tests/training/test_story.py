"""Which moments and pictures a run keeps."""

from fractions import Fraction

import numpy as np
import pytest

from training.story import chosen, moment_name, share_of_epoch


def test_pictures_are_spread_over_classes_and_within_them() -> None:
    labels = np.repeat([0, 1, 2], 10)
    assert chosen(labels, 3, count=6).tolist() == [0, 5, 10, 15, 20, 25]
    assert chosen(labels[::-1], 3, count=3).tolist() == [20, 10, 0]


def test_more_classes_than_pictures() -> None:
    """Every fourth class and the last."""
    labels = np.arange(9)
    assert labels[chosen(labels, 9, count=3)].tolist() == [0, 4, 8]


def test_a_class_with_too_few_pictures_gives_what_it_has() -> None:
    assert chosen(np.asarray([0, 1, 1, 1, 1]), 3, count=6).tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("epochs", "num_steps", "moments"),
    [(20, 10, {}), (60, 10, {}), (10, 10, {5: Fraction(1, 2)}), (8, 10, {4: Fraction(1, 3), 7: Fraction(2, 3)})],
)
def test_few_epochs_have_moments_within(epochs: int, num_steps: int, moments: dict[int, Fraction]) -> None:
    found = {step: share_of_epoch(step, num_steps, epochs) for step in range(1, num_steps + 1)}
    assert {step: share for step, share in found.items() if share is not None} == moments


def test_names_sort_as_numbers() -> None:
    assert [moment_name(Fraction(n, 3)) for n in (0, 1, 3, 40)] == ["000", "000.333", "001", "013.333"]
