"""Decoding a set: squares, labels, mean and covariance by hand; broken pictures named; a second call decodes nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import training.prepare
from tests.toys import write_class_folders
from training.prepare import prepare


def test_statistics_by_hand(tmp_path: Path) -> None:
    for label, colour in enumerate([(0, 10, 20), (40, 10, 0)]):
        (tmp_path / "train" / f"n{label}").mkdir(parents=True)
        Image.new("RGB", (300, 280), colour).save(tmp_path / "train" / f"n{label}" / "x.png")
    found = prepare(tmp_path, "train", tmp_path / "cache")
    assert found.images.shape == (2, 256, 256, 3)
    assert found.images[1, 5, 5].tolist() == [40, 10, 0]
    assert found.labels.tolist() == [0, 1]
    assert found.class_ids == ("n0", "n1")
    assert found.mean.shape == (3, 256, 256)
    assert found.mean[:, 9, 9].tolist() == [20, 10, 10]
    np.testing.assert_allclose(found.covariance, [[400, 0, -200], [0, 0, 0], [-200, 0, 100]], atol=1e-9)


def test_second_call_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path, "val", 2, 2)
    first = prepare(tmp_path, "val", tmp_path / "cache")
    monkeypatch.setattr(training.prepare, "_decode", lambda *_: pytest.fail("decoded again"))
    np.testing.assert_array_equal(prepare(tmp_path, "val", tmp_path / "cache").images, first.images)


def test_broken_pictures_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_class_folders(tmp_path, "val", 2, 3)
    (tmp_path / "val" / "n0" / "1.png").write_bytes(b"broken")
    found = prepare(tmp_path, "val", tmp_path / "cache")
    assert found.labels.tolist() == [0, 0, 1, 1, 1]
    assert len(found.images) == 5
    assert "1 val pictures left out" in capsys.readouterr().err
    (listed,) = (tmp_path / "cache").glob("val-*/rejected.csv")
    assert "1.png" in listed.read_text()
    assert "This is not a picture" in listed.read_text()


def test_nothing_half_done_is_left(tmp_path: Path) -> None:
    (tmp_path / "val" / "n0").mkdir(parents=True)
    (tmp_path / "val" / "n0" / "x.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="None of the 1 val pictures could be read; the first: This is not a picture"):
        prepare(tmp_path, "val", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_limit_is_spread_evenly(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "val", 3, 4)
    found = prepare(tmp_path, "val", tmp_path / "cache")
    assert found.head(3).labels.tolist() == [0, 1, 2]
    assert found.head(None) is found
    with pytest.raises(ValueError, match="--limit is 0; give at least 1"):
        found.head(0)


def test_disk_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path, "val", 1, 2)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(ValueError, match=r"Decoding 2 val pictures takes 0.0 GB, .* give --cache a roomier disk"):
        prepare(tmp_path, "val", tmp_path / "cache")
