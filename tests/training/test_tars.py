"""The official tars, made small: nested, out of order, with ImageNet's oddities; sentences when they do not fit."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.toys import encoded, picture
from training.prepare import main, prepare
from training.tars import find_tars


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def with_broken_exif(jpeg: bytes) -> bytes:
    """EXIF that promises a directory beyond its end, right after the start of the file."""
    exif = b"Exif\0\0MM\0*\0\0\xff\xf0junk"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def write_tars(folder: Path) -> None:
    """Three classes, their tars out of order, with ImageNet's oddities; WordNet ids sorted are 0, 1, 2."""
    folder.mkdir()
    oddities = {
        "n01": [encoded(picture(1)), encoded(picture(2), "JPEG", "CMYK")],  # both named .JPEG, as in ImageNet
        "n02": [encoded(picture(3), "JPEG", "L"), encoded(picture(4), "JPEG")[:-2000]],  # grey; cut off in its pixels
        "n03": [encoded(picture(5), "JPEG"), with_broken_exif(encoded(picture(6), "JPEG"))],
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
            add(tar, f"ILSVRC2012_val_0000000{i}.JPEG", encoded(picture(10 + i), "JPEG"))
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
    assert np.abs(train.images[1:2][0].astype(int) - picture(2)).mean() < 4  # CMYK
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


def test_tars_cut_short(tmp_path: Path) -> None:
    write_tars(tmp_path / "tars")
    tar = tmp_path / "tars" / "ILSVRC2012_img_train.tar"
    whole = tar.read_bytes()
    for size in (len(whole) // 2, len(whole) - 12_000):
        tar.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"is damaged \(unexpected end of data\); check it against"):
            find_tars(tmp_path / "tars", "train")


def test_answers_that_are_no_numbers(tmp_path: Path) -> None:
    write_tars(tmp_path / "tars")
    with tarfile.open(tmp_path / "tars" / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as tar:
        add(tar, "x/data/ILSVRC2012_validation_ground_truth.txt", b"3\n1\n2\n")
        add(tar, "x/data/meta.mat", b"junk")
    with pytest.raises(ValueError, match=r"is damaged \(in ILSVRC2012_devkit_t12\.tar\.gz: "):
        find_tars(tmp_path / "tars", "val")


def test_a_second_run_does_not_list_the_tars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a million pictures takes minutes; what is prepared, here or in a cache, is opened without it."""
    write_tars(tmp_path / "tars")
    argv = [str(tmp_path / "tars"), str(tmp_path / "out")]
    assert main(argv) == 0
    prepare(tmp_path / "tars", "val", tmp_path / "cache")
    monkeypatch.setattr(tarfile, "open", lambda *_: pytest.fail("listed again"))
    assert main(argv) == 0
    assert len(prepare(tmp_path / "tars", "val", tmp_path / "cache").labels) == 3
