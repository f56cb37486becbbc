"""Toy archives of each published layout, and archives that mean harm."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.unpack import CIFAR10_CLASSES, Layout, cifar10, class_folders, tiny_imagenet, unpack


def write_tar(path: Path, files: dict[str, bytes], *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        for entry in more:
            tar.addfile(entry)
    return path


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def imagenette() -> dict[str, bytes]:
    return {
        "toy2/noisy_toy.csv": b"path,label\n",
        "toy2/train/n01/n01_1.JPEG": b"one",
        "toy2/train/n01/._n01_1.JPEG": b"macOS",
        "./toy2/train/n02/n02_7.JPEG": b"two",
        "toy2/val/n01/ILSVRC2012_val_1.JPEG": b"three",
        "toy2/train/.DS_Store": b"",
    }


def tiny() -> dict[str, bytes]:
    return {
        "tiny/train/n01/images/n01_0.JPEG": b"one",
        "tiny/train/n01/n01_boxes.txt": b"n01_0.JPEG\t0\t0\t62\t57\n",
        "tiny/train/n02/images/n02_0.JPEG": b"two",
        "tiny/val/images/val_0.JPEG": b"three",
        "tiny/val/images/val_1.JPEG": b"four",
        "tiny/val/val_annotations.txt": b"val_0.JPEG\tn02\t0\t32\t44\t62\nval_1.JPEG\tn01\t52\t55\t57\t59\n",
        "tiny/test/images/test_0.JPEG": b"five",
        "tiny/wnids.txt": b"n01\nn02\n",
    }


def cifar_record(label: int, seed: int) -> bytes:
    return bytes([label]) + np.random.default_rng(seed).integers(0, 256, 3072, np.uint8).tobytes()


def cifar() -> dict[str, bytes]:
    batches = {f"cifar-10-batches-bin/data_batch_{i}.bin": cifar_record(i % 10, i) for i in range(1, 6)}
    test = cifar_record(9, 8) + cifar_record(0, 9)
    return {**batches, "cifar-10-batches-bin/test_batch.bin": test, "cifar-10-batches-bin/readme.html": b"hello"}


def unpacked(archive: Path, layout: Layout, **num_images: int) -> dict[str, bytes]:
    folder = archive.parent / "set"
    unpack(archive, folder, layout, num_images, {"sha256": "abc"})
    assert [path.name for path in archive.parent.iterdir() if "partial" in path.name] == []
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert files.pop("fetched.json") == b'{\n "sha256": "abc"\n}\n'
    return files


def test_imagenette(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "toy.tgz", imagenette())
    assert unpacked(archive, class_folders, train=2, val=1) == {
        "train/n01/n01_1.JPEG": b"one", "train/n02/n02_7.JPEG": b"two", "val/n01/ILSVRC2012_val_1.JPEG": b"three",
    }  # fmt: skip


def test_tiny_imagenet(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "toy.zip", tiny())
    assert unpacked(archive, tiny_imagenet, train=2, val=2) == {
        "train/n01/n01_0.JPEG": b"one", "train/n02/n02_0.JPEG": b"two",
        "val/n02/val_0.JPEG": b"three", "val/n01/val_1.JPEG": b"four",
    }  # fmt: skip


def test_cifar10(tmp_path: Path) -> None:
    files = unpacked(write_tar(tmp_path / "toy.tgz", cifar()), cifar10, train=5, val=2)
    assert set(files) == {
        *(f"train/{CIFAR10_CLASSES[i]}/data_batch_{i}_00000.png" for i in range(1, 6)),
        "val/truck/test_batch_00000.png", "val/airplane/test_batch_00001.png",
    }  # fmt: skip
    pixels = np.asarray(Image.open(io.BytesIO(files["val/airplane/test_batch_00001.png"])))
    record = cifar_record(0, 9)
    for channel, row, column in ((0, 0, 0), (1, 0, 31), (2, 31, 7)):
        assert pixels[row, column, channel] == record[1 + 1024 * channel + 32 * row + column]


@pytest.mark.parametrize("name", ["../evil", "toy2/../../evil", "/evil", "C:/evil", "toy2\\..\\evil"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    for archive in (
        write_tar(tmp_path / "toy.tgz", {**imagenette(), name: b"evil"}),
        write_zip(tmp_path / "toy.zip", {**imagenette(), name.replace("\\", "/") if name[0] == "t" else name: b"evil"}),
    ):
        with pytest.raises(ValueError, match="which leads out of its folder; it is not unpacked"):
            unpacked(archive, class_folders, train=2, val=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy.tgz", "toy.zip"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices(tmp_path: Path, kind: bytes) -> None:
    entry = tarfile.TarInfo("toy2/train/n01/link.JPEG")
    entry.type, entry.linkname = kind, "/etc/hostname"
    archive = write_tar(tmp_path / "toy.tgz", imagenette(), entry)
    with pytest.raises(ValueError, match=r"link\.JPEG, which is no regular file"):
        unpacked(archive, class_folders, train=3, val=1)


def test_odd_names_are_not_written(tmp_path: Path) -> None:
    annotations = tiny()["tiny/val/val_annotations.txt"].replace(b"n02", b"../../n02")
    archive = write_zip(tmp_path / "toy.zip", {**tiny(), "tiny/val/val_annotations.txt": annotations})
    with pytest.raises(ValueError, match=r"picture val/\.\./\.\./n02"):
        unpacked(archive, tiny_imagenet, train=2, val=2)


def test_damaged(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "toy.tgz", imagenette() | {"toy2/train/n02/n02_8.JPEG": bytes(range(256)) * 99})
    whole = archive.read_bytes()
    for data in (whole[: len(whole) // 2], b"no archive", whole[:90] + b"\xff\xff" + whole[92:]):
        archive.write_bytes(data)
        with pytest.raises(ValueError, match=r"toy\.tgz (is damaged|holds)"):
            unpacked(archive, class_folders, train=3, val=1)
        assert [path.name for path in tmp_path.iterdir()] == ["toy.tgz"]


def test_other_pictures_than_published(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"where {'train': 3, 'val': 1} are published"):
        unpacked(write_tar(tmp_path / "toy.tgz", imagenette()), class_folders, train=3, val=1)
    with pytest.raises(ValueError, match=r"is damaged: 'val_9\.JPEG'"):
        unpacked(
            write_zip(tmp_path / "a.zip", tiny() | {"tiny/val/images/val_9.JPEG": b""}), tiny_imagenet, train=2, val=3
        )
    with pytest.raises(ValueError, match=r"no val/val_annotations\.txt"):
        unpacked(write_tar(tmp_path / "b.tgz", imagenette()), tiny_imagenet, train=2, val=1)
    for batch in (cifar_record(10, 0), cifar_record(1, 0)[:-1]):
        data = {"c/data_batch_1.bin": batch}
        with pytest.raises(ValueError, match="is not made of CIFAR-10's records"):
            unpacked(write_tar(tmp_path / "c.tgz", data), cifar10, train=1)


def test_what_an_interrupted_call_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "set.partial" / "train").mkdir(parents=True)
    (tmp_path / "set.partial" / "train" / "half").write_bytes(b"")
    assert len(unpacked(write_tar(tmp_path / "toy.tgz", imagenette()), class_folders, train=2, val=1)) == 3
