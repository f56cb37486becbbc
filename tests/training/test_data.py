"""Batches: the same order for the same seed and epoch, every picture once, and the same pictures on any device."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.toys import write_class_folders
from training.data import AHEAD, Feed, shuffled
from training.prepare import prepare
from training.prepared import Prepared
from training.towers import Layout


@pytest.fixture
def pictures(tmp_path: Path) -> Prepared:
    write_class_folders(tmp_path, "train", 3, 4)
    return prepare(tmp_path, "train", tmp_path / "cache")


def test_shuffle() -> None:
    first, again = shuffled(0, 3, 1000), shuffled(0, 3, 1000)
    assert sorted(first) == list(range(1000))
    assert (first == again).all()
    assert (first != shuffled(0, 4, 1000)).any()
    assert (first != shuffled(1, 3, 1000)).any()


def test_processes_share_every_batch() -> None:
    """Together they see what one process sees, whatever their number."""
    batch = shuffled(0, 0, 50)
    for num_pairs in (1, 2, 3, 7):
        shares = [batch[Layout(num_pairs=num_pairs, rank=rank).rows(50)] for rank in range(num_pairs)]
        np.testing.assert_array_equal(np.concatenate(shares), batch)
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_batches_come_in_order(pictures: Prepared) -> None:
    parts = np.array_split(shuffled(0, 0, 12), 5)
    found = list(Feed(pictures, torch.device("cpu")).batches(parts))
    assert len(found) == 5
    for (squares, labels), part in zip(found, parts, strict=True):
        np.testing.assert_array_equal(squares, pictures.images[part])
        np.testing.assert_array_equal(labels, pictures.labels[part])


def test_only_a_few_are_read_ahead(pictures: Prepared) -> None:
    asked: list[int] = []

    def parts() -> object:
        for i in range(12):
            asked.append(i)
            yield np.asarray([i])

    batches = Feed(pictures, torch.device("cpu")).batches(parts())  # type: ignore[arg-type]
    next(batches)
    assert asked == list(range(AHEAD + 1))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
@pytest.mark.parametrize("share", [0.0, 0.5], ids=["copied", "resident"])
def test_gpu_serves_the_same(pictures: Prepared, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.data.GPU_SHARE", share)
    feed = Feed(pictures, torch.device("cuda", 0))
    assert (feed.resident is None) == (share == 0.0)
    parts = np.array_split(shuffled(0, 0, 12), 5)
    for (squares, labels), part in zip(feed.batches(parts), parts, strict=True):
        np.testing.assert_array_equal(squares.cpu(), pictures.images[part])
        np.testing.assert_array_equal(labels.cpu(), pictures.labels[part])
