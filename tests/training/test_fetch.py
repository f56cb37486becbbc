"""The command: from a toy archive on a server to class folders that training reads."""

import hashlib
import json
from pathlib import Path

import pytest

from model import download
from model.download import Checksum
from model.gallery.compact import PUBLIC_SETS
from model.picture_set import find_split
from tests.training.server import Site, serve
from tests.training.test_unpack import cifar, imagenette, tiny, write_tar, write_zip
from training import fetch
from training.fetch import ARCHIVES, Archive


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Toy archives in place of the published ones, with their own checksums; no waiting between tries."""
    written = {
        "imagenette": write_tar(tmp_path / "a", imagenette()),
        "tiny-imagenet-200": write_zip(tmp_path / "b", tiny()),
        "cifar10": write_tar(tmp_path / "c", cifar()),
    }
    counts = {"imagenette": (2, 1), "tiny-imagenet-200": (2, 2), "cifar10": (5, 2)}
    for name, path in written.items():
        archive, (train, val) = ARCHIVES[name, "full"], counts[name]
        checksum = Checksum("md5", hashlib.md5(path.read_bytes()).hexdigest())
        toy = Archive(
            folder=archive.folder, address=archive.address, layout=archive.layout,
            num_images={"train": train, "val": val}, checksum=checksum,
        )  # fmt: skip
        monkeypatch.setitem(ARCHIVES, (name, "full"), toy)
    monkeypatch.setattr(download, "WAIT_SECONDS", 0.0)
    return {name: path.read_bytes() for name, path in written.items()}


def run(name: str, site: Site, out: Path, *more: str) -> int:
    return fetch.main([name, "--address", site.address, "--out", str(out), *more])


@pytest.mark.parametrize("name", ["imagenette", "tiny-imagenet-200", "cifar10"])
def test_from_server_to_class_folders(
    toys: dict[str, bytes], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = ARCHIVES[name, "full"]
    with serve(Site(toys[name], drops=[100, 50])) as site:
        assert run(name, site, tmp_path / "out") == 0
        assert len(site.requests) == 3
        folder = tmp_path / "out" / archive.folder
        assert f"{folder} is ready: python -m training.run RECIPE --data {folder}" in capsys.readouterr().out
        assert run(name, site, tmp_path / "out") == 0  # there already
        assert len(site.requests) == 3
    assert {split: find_split(folder, split).num_images for split in ("train", "val")} == archive.num_images
    about = json.loads((folder / "fetched.json").read_text())
    assert about["sha256"] == hashlib.sha256(toys[name]).hexdigest()
    assert (about["num_bytes"], about["num_images"]) == (len(toys[name]), archive.num_images)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [archive.folder]


def test_archive_is_kept_and_used_again(toys: dict[str, bytes], tmp_path: Path) -> None:
    """A kept archive is unpacked again without the server, unless it is not what was published."""
    packed, folder = tmp_path / "out" / "cifar10.tgz", tmp_path / "out" / "cifar10"
    with serve(Site(toys["cifar10"])) as site:
        assert run("cifar10", site, tmp_path / "out", "--keep") == 0
        folder.rename(tmp_path / "away")
        assert run("cifar10", site, tmp_path / "out", "--keep") == 0
        assert len(site.requests) == 1
        folder.rename(tmp_path / "away again")
        packed.write_bytes(b"damaged")
        assert run("cifar10", site, tmp_path / "out") == 0
        assert len(site.requests) == 2
    assert not packed.exists()


def test_sentences(toys: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serve(Site(b"something else", errors=[404])) as site:
        assert run("cifar10", site, tmp_path / "out") == 2
        assert "answers 404 Not Found; give another --address" in capsys.readouterr().err
        assert run("cifar10", site, tmp_path / "out") == 2
        assert "is published, so it was deleted" in capsys.readouterr().err
        assert list((tmp_path / "out").iterdir()) == []
        assert run("cifar10", site, tmp_path / "out", "--px", "320") == 2
        assert "comes in one size only; leave out --px" in capsys.readouterr().err
        (tmp_path / "out" / "cifar10").mkdir()
        assert run("cifar10", site, tmp_path / "out") == 2
        assert "training.fetch did not make it" in capsys.readouterr().err


def test_interrupted(
    toys: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while unpacking leaves the archive and no half of a folder; the same command finishes."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with serve(Site(toys["imagenette"])) as site:
        with monkeypatch.context() as patch:
            patch.setattr(fetch, "_pictures", lambda name: interrupt)
            assert run("imagenette", site, tmp_path / "out") == 130
        assert "the same command goes on from here" in capsys.readouterr().err
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["imagenette2.tgz"]
        assert run("imagenette", site, tmp_path / "out") == 0
        assert len(site.requests) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["imagenette2"]


def test_table() -> None:
    """Checksums have their algorithm's length; every set has the size that is the default."""
    lengths = {"md5": 32, "sha256": 64}
    for (name, _), archive in ARCHIVES.items():
        assert len(archive.checksum.digest) == lengths[archive.checksum.algorithm]
        assert (name, "full") in ARCHIVES
        assert archive.address.startswith(("https://", "http://cs231n.stanford.edu/"))
    assert len({archive.folder for archive in ARCHIVES.values()}) == len(ARCHIVES)
    told = {name: folder for sets in PUBLIC_SETS.values() for name, folder in sets.items()}  # on the page Neighbours
    assert told == {name: ARCHIVES[name, "full"].folder for name in told}
    torchvision = pytest.importorskip("torchvision.datasets")
    addresses = {address for address, _ in torchvision.Imagenette._ARCHIVES.values()}
    assert {ARCHIVES["imagenette", px].address for px in ("full", "320")} < addresses
