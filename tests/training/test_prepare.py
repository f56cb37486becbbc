"""Decoding a set: squares, labels, mean and covariance by hand; broken pictures named; a second call decodes nothing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import training.writer
from model.picture_set import find_split
from tests.toys import write_class_folders
from training.prepare import main, prepare
from training.prepared import Jpegs, open_prepared


def test_statistics_by_hand(tmp_path: Path) -> None:
    for label, colour in enumerate([(0, 10, 20), (40, 10, 0)]):
        (tmp_path / "train" / f"n{label}").mkdir(parents=True)
        Image.new("RGB", (300, 280), colour).save(tmp_path / "train" / f"n{label}" / "x.png")
    found = prepare(tmp_path, "train", tmp_path / "cache")
    assert found.images[:].shape == (2, 256, 256, 3)
    assert found.images[:][1, 5, 5].tolist() == [40, 10, 0]
    assert found.labels.tolist() == [0, 1]
    assert found.class_ids == ("n0", "n1")
    assert found.mean.shape == (3, 256, 256)
    assert found.mean[:, 9, 9].tolist() == [20, 10, 10]
    np.testing.assert_allclose(found.covariance, [[400, 0, -200], [0, 0, 0], [-200, 0, 100]], atol=1e-9)
    assert found.detail_px is None  # at least as large as a square


def test_longest_short_side_of_small_pictures(tmp_path: Path) -> None:
    (tmp_path / "train" / "n0").mkdir(parents=True)
    for i, size in enumerate([(64, 64), (300, 96), (50, 70)]):
        Image.new("RGB", size).save(tmp_path / "train" / "n0" / f"{i}.png")
    assert prepare(tmp_path, "train", tmp_path / "cache").detail_px == 96


def test_second_call_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path, "val", 2, 2)
    first = prepare(tmp_path, "val", tmp_path / "cache")
    monkeypatch.setattr(training.writer, "_square", lambda *_: pytest.fail("decoded again"))
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


def test_jpeg_is_small_and_served_in_any_order(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "in", "train", 3, 4)
    write_class_folders(tmp_path / "in", "val", 3, 1)
    for kind in ("u8", "jpeg"):
        assert main([str(tmp_path / "in"), str(tmp_path / kind), "--format", kind]) == 0
    raw, small = (open_prepared(tmp_path / kind / "train") for kind in ("u8", "jpeg"))
    assert isinstance(small.images, Jpegs)
    assert (tmp_path / "jpeg" / "train" / "images.jpegs").stat().st_size < 0.2 * raw.images[:].nbytes
    rows = np.asarray([7, 0, 3])
    difference = np.abs(small.images[rows].astype(int) - raw.images[rows])
    assert difference.mean() < 2
    np.testing.assert_array_equal(small.part(rows).images[1:], small.images[rows][1:])
    np.testing.assert_array_equal(small.mean, raw.mean)  # of the squares before they are compressed
    np.testing.assert_array_equal(small.covariance, raw.covariance)


def test_nothing_to_do_ends_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 2)
    write_class_folders(tmp_path / "in", "val", 2, 1)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    assert main(argv) == 0
    first = capsys.readouterr().out
    shutil.rmtree(tmp_path / "in")
    assert main(argv) == 0
    assert capsys.readouterr().out == first


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 2)
    assert main([str(tmp_path / "in"), str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert "train: 4 pictures of 2 classes" in printed.out
    assert "No val pictures below" in printed.err


def test_what_is_there_is_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither another format nor other pictures are taken for done."""
    for split in ("train", "val"):
        write_class_folders(tmp_path / "in", split, 2, 1)
        write_class_folders(tmp_path / "other", split, 3, 1)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    assert main(argv) == 0
    assert main([*argv, "--format", "jpeg"]) == 2
    assert "train is in the format u8; for jpeg, give another folder" in capsys.readouterr().err
    assert main([str(tmp_path / "other"), argv[1]]) == 2
    assert "was made from other pictures than" in capsys.readouterr().err
    (tmp_path / "in" / "train" / "n0" / "0.png").write_bytes(b"changed")
    assert main(argv) == 2
    assert "give another folder, or delete it" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["u8", "jpeg"])
def test_half_a_set_is_not_opened(kind: str, tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_class_folders(tmp_path / "in", split, 2, 2)
    out = tmp_path / "out"
    assert main([str(tmp_path / "in"), str(out), "--format", kind]) == 0
    (out / "val").rename(out / "val.partial")
    with pytest.raises(ValueError, match=r"val is not finished; go on with the python -m training\.prepare"):
        prepare(out, "val", tmp_path / "cache")
    (images,) = (out / "train").glob("images.*")
    with images.open("r+b") as file:
        file.truncate(images.stat().st_size - 1)
    with pytest.raises(ValueError, match=r"train is not whole \(.*\); copy it again"):
        prepare(out, "train", tmp_path / "cache")


def test_a_cache_of_an_earlier_version_opens(tmp_path: Path) -> None:
    """Written by hand as the first version left it."""
    write_class_folders(tmp_path / "in", "val", 1, 2)
    old = tmp_path / "cache" / f"val-{find_split(tmp_path / 'in', 'val').fingerprint}"
    old.mkdir(parents=True)
    np.save(old / "images.npy", np.zeros((2, 256, 256, 3), np.uint8))
    np.save(old / "labels.npy", np.asarray([0]))
    np.save(old / "mean.npy", np.zeros((3, 256, 256), np.float16))
    (old / "info.json").write_text(
        '{"num_images": 1, "class_ids": ["n0"], "covariance": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}'
    )
    found = prepare(tmp_path / "in", "val", tmp_path / "cache")
    assert found.images[:].shape == (1, 256, 256, 3)
    assert found.labels.tolist() == [0]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_class_folders(tmp_path, "train", 2, 2)
    assert main([str(tmp_path), str(tmp_path)]) == 2
    assert "train is there and holds no prepared pictures; give another folder" in capsys.readouterr().err
