"""Wilson's interval against scipy's and by hand; ranks, classes and confusions counted by hand."""

import numpy as np
import pytest

from training.judgement import Errors, Judgement, wilson

CLASSES = (("n0", "cat"), ("n1", "dog"), ("n2", "tench"))


def test_wilson_by_hand() -> None:
    """10 wrong of 100: (.1 + z2/200 +- z sqrt(.0009 + z2/40000)) / (1 + z2/100) with z2 = 3.841459."""
    assert wilson(10, 100) == pytest.approx((5.522914, 17.436566), abs=1e-5)


@pytest.mark.parametrize(("wrong", "total"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 7), (2728, 7854), (638, 7854)])
def test_wilson_against_scipy(wrong: int, total: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    reference = stats.binomtest(wrong, total).proportion_ci(method="wilson")
    assert wilson(wrong, total) == pytest.approx((100 * reference.low, 100 * reference.high), abs=1e-9)
    low, high = wilson(wrong, total)
    assert 0 <= low <= 100 * wrong / total <= high <= 100


@pytest.mark.parametrize(("wrong", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_needs_a_share(wrong: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no error rate"):
        wilson(wrong, total)


def test_errors_know_their_interval() -> None:
    errors = Errors(34.0, 10.0, 100, 1)
    assert errors.top1_interval == wilson(34, 100)
    assert errors.to_dict()["top5_interval"] == wilson(10, 100)
    assert set(errors.to_dict()) == {
        "top1_error", "top5_error", "num_images", "crops", "top1_interval", "top5_interval",
    }  # fmt: skip


def test_by_hand() -> None:
    """Pictures of classes 0, 0, 0, 2; guesses 0, 1, 1, 0."""
    votes = np.asarray([[0.5, 0.3, 0.2], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.5, 0.3, 0.2]], np.float32)
    found = Judgement.of(votes, np.asarray([0, 0, 0, 2]), 1)
    assert found.ranks.tolist() == [0, 1, 2, 2]
    assert found.confusion.tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 0]]
    assert found.errors == Errors(75.0, 0.0, 4, 1)
    assert found.per_class(CLASSES) == [
        {"id": "n0", "name": "cat", "num_images": 3, "top1_error": pytest.approx(200 / 3), "top5_error": 0.0},
        {"id": "n1", "name": "dog", "num_images": 0, "top1_error": None, "top5_error": None},
        {"id": "n2", "name": "tench", "num_images": 1, "top1_error": 100.0, "top5_error": 0.0},
    ]
    assert found.confusions(CLASSES) == [
        {"true": "n0", "guess": "n1", "num_images": 2},
        {"true": "n2", "guess": "n0", "num_images": 1},
    ]
    assert found.confusions(CLASSES, most=1) == [{"true": "n0", "guess": "n1", "num_images": 2}]
    halves = [Judgement.of(votes[part], found.labels[part], 1) for part in (slice(0, 1), slice(1, 4))]
    assert Judgement.join(halves).confusion.tolist() == found.confusion.tolist()


@pytest.mark.parametrize("answer", [1 / 3, float("nan"), float("-inf")])
def test_no_answer_is_wrong_everywhere(answer: float) -> None:
    """Whatever counts as an error is off the diagonal of the confusion matrix too."""
    found = Judgement.of(np.full((3, 3), answer, np.float32), np.asarray([0, 1, 2]), 1)
    assert found.errors.top1_error == 100
    assert np.trace(found.confusion) == 0
    assert found.confusion.sum() == 3
