"""Decoding a set: squares, labels, mean and covariance by hand; broken pictures named; a second call decodes nothing."""

import io
import json
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

import training.prepare
from tests.toys import picture, write_class_folders
from training.prepare import main, prepare
from training.prepared import Jpegs, open_prepared
from training.tars import find_tars


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


def test_second_call_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path, "val", 2, 2)
    first = prepare(tmp_path, "val", tmp_path / "cache")
    monkeypatch.setattr(training.prepare, "_square", lambda *_: pytest.fail("decoded again"))
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
    with pytest.raises(ValueError, match=r"Decoding 2 val pictures takes 0.0 GB, .* choose a roomier disk"):
        prepare(tmp_path, "val", tmp_path / "cache")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def encoded(pixels: np.ndarray, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def write_tars(folder: Path) -> None:
    """Three classes, their tars out of order, with ImageNet's oddities; WordNet ids sorted are 0, 1, 2."""
    folder.mkdir()
    oddities = {
        "n01": [encoded(picture(1), "PNG"), encoded(picture(2), mode="CMYK")],  # both named .JPEG, as in ImageNet
        "n02": [encoded(picture(3), mode="L"), encoded(picture(4))[:200]],  # grey; cut off in its header
        "n03": [encoded(picture(5)), encoded(picture(6))],
    }
    with tarfile.open(folder / "ILSVRC2012_img_train.tar", "w") as outer:
        for wnid in ("n03", "n01", "n02"):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w") as tar:
                for i, data in enumerate(oddities[wnid]):
                    add(tar, f"{wnid}_{i}.JPEG", data)
            add(outer, f"{wnid}.tar", inner.getvalue())
    with tarfile.open(folder / "ILSVRC2012_img_val.tar", "w") as tar:
        for i in (2, 1, 3):
            add(tar, f"ILSVRC2012_val_0000000{i}.JPEG", encoded(picture(10 + i)))
    synsets = np.zeros(4, [("ILSVRC2012_ID", "i4"), ("WNID", object)])
    synsets["ILSVRC2012_ID"], synsets["WNID"] = [1, 2, 3, 1001], ["n03", "n01", "n02", "n09"]  # 1001: a family
    meta = io.BytesIO()
    savemat(meta, {"synsets": synsets})
    with tarfile.open(folder / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as tar:
        add(tar, "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", b"3\n1\n2\n")
        add(tar, "ILSVRC2012_devkit_t12/data/meta.mat", meta.getvalue())


@pytest.mark.parametrize("kind", ["u8", "jpeg"])
def test_official_tars(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tars(tmp_path / "tars")
    assert main([str(tmp_path / "tars"), str(tmp_path / "out"), "--format", kind]) == 0
    out = capsys.readouterr().out
    assert "train: 5 pictures of 3 classes, 1 left out" in out
    assert "val: 3 pictures of 3 classes, 0 left out" in out
    train, val = prepare(tmp_path / "out", "train", "nowhere"), prepare(tmp_path / "out", "val", "nowhere")
    assert train.class_ids == val.class_ids == ("n01", "n02", "n03")
    assert train.labels.tolist() == [0, 0, 1, 2, 2]
    assert val.labels.tolist() == [1, 2, 0]  # pictures 1, 2, 3 are of ILSVRC ids 3, 1, 2: n02, n03, n01
    near = 0 if kind == "u8" else 25
    assert np.abs(train.images[:1][0].astype(int) - picture(1)).max() <= near  # the PNG
    assert np.ptp(train.images[2:3].astype(int), axis=3).max() <= near  # grey
    assert "n02_1.JPEG" in (tmp_path / "out" / "train" / "rejected.csv").read_text()
    info = json.loads((tmp_path / "out" / "train" / "info.json").read_text())
    assert len(info["eigenvalues"]) == 3
    vectors = np.asarray(info["eigenvectors"])
    np.testing.assert_allclose(vectors.T * info["eigenvalues"] @ vectors, info["covariance"], atol=1e-6)
    np.testing.assert_allclose(info["mean_colour"], train.mean.mean((1, 2)), rtol=1e-3)


def test_tars_that_do_not_belong_together(tmp_path: Path) -> None:
    write_tars(tmp_path / "tars")
    devkit = tmp_path / "tars" / "ILSVRC2012_devkit_t12.tar.gz"
    devkit.rename(tmp_path / "devkit")
    with pytest.raises(ValueError, match=r"says nothing of classes; put ILSVRC2012_devkit_t12\.tar\.gz beside it"):
        find_tars(tmp_path / "tars", "val")
    devkit.write_bytes(b"broken")
    with pytest.raises(ValueError, match="or its devkit is damaged"):
        find_tars(tmp_path / "tars", "val")
    assert find_tars(tmp_path, "val") is None


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


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_class_folders(tmp_path, "train", 2, 2)
    assert main([str(tmp_path), str(tmp_path)]) == 2
    assert "train is there and holds no prepared pictures; give another folder" in capsys.readouterr().err


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int, reason: BaseException) -> None:
    """Journal after every picture, and fail at one."""
    monkeypatch.setattr(training.prepare, "JOURNAL_SECONDS", -1)
    square, calls = training.prepare._square, 0

    def failing(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls > count:
            raise reason
        return square(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(training.prepare, "_square", failing)


@pytest.mark.parametrize("kind", ["u8", "jpeg"])
def test_interrupted_it_goes_on(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path / "in", "train", 4, 5)
    write_class_folders(tmp_path / "in", "val", 4, 1)
    (tmp_path / "in" / "train" / "n1" / "2.png").write_bytes(b"broken")
    argv = [str(tmp_path / "in"), "", "--format", kind]
    argv[1] = str(tmp_path / "whole")
    assert main(argv) == 0
    argv[1] = str(tmp_path / "parts")
    with monkeypatch.context() as patch:
        stop_after(patch, 9, KeyboardInterrupt())
        assert main(argv) == 130
    other = [argv[0], argv[1], "--format", "u8" if kind == "jpeg" else "jpeg"]
    assert main(other) == 2  # begun in one format, it does not go on in the other
    with np.load(tmp_path / "parts" / "train.partial" / "journal.npz") as journal:
        assert 0 < journal["seen"] <= 9
    assert main(argv) == 0
    for split in ("train", "val"):
        assert contents(tmp_path / "parts" / split) == contents(tmp_path / "whole" / split)


def test_a_source_that_changed_does_not_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 3)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        stop_after(patch, 3, KeyboardInterrupt())
        assert main(argv) == 130
    Image.fromarray(picture(99)).save(tmp_path / "in" / "train" / "n0" / "new.png")
    assert main(argv) == 2
    assert "was begun from other pictures or in the other format; delete it" in capsys.readouterr().err


def test_a_full_disk_is_a_sentence_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 3)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        stop_after(patch, 3, OSError(28, "No space left on device"))
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        assert main(argv) == 2
    assert "could not be written ([Errno 28] No space left on device); make room" in capsys.readouterr().err
    write_class_folders(tmp_path / "in", "val", 2, 1)
    assert main(argv) == 0
    assert prepare(tmp_path / "out", "train", "nowhere").labels.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_it_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """SIGKILL at random moments; the files end up the same to the last byte."""
    write_class_folders(tmp_path / "in", "train", 20, 30)
    write_class_folders(tmp_path / "in", "val", 20, 1)
    code = "import sys, training.prepare as p; p.JOURNAL_SECONDS = 0.05; sys.exit(p.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, str(tmp_path / "in")]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    chance, lives = random.Random(0), 0
    while True:
        process = subprocess.Popen(
            [*command, str(tmp_path / "killed")], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        lives += 1
        if lives <= 6:
            while process.poll() is None and not (tmp_path / "killed" / "train.partial").exists():
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
    for split in ("train", "val"):
        assert contents(tmp_path / "killed" / split) == contents(tmp_path / "whole" / split)
