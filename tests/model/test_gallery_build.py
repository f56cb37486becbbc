"""Galleries on disk: features as the explorer's own, interrupted and shared builds the same, refusals in a sentence."""

import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model import onnx_file, preprocess
from model.explorer import Explorer
from model.gallery import build as building
from model.gallery import parts
from model.gallery.__main__ import Teller, main
from model.gallery.build import Share, build
from model.gallery.store import Gallery, pixels
from model.gallery.strongest import Strong, Strongest
from model.layers import Layer
from tests.toys import TOY, encoded, picture, write_class_folders, write_toy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "PART", 5)
    monkeypatch.setattr(parts, "BATCH", 2)


def files(folder: Path) -> dict[str, bytes]:
    """All that a gallery holds, but for where and when."""
    found = {path.name: path.read_bytes() for path in folder.glob("*.npy")}
    table = Gallery.open(folder, folder.parent / "model.onnx") if (folder.parent / "model.onnx").exists() else None
    return found | ({"names": repr(table.names).encode()} if table else {})


def test_rows_agree(model: Path, photos: Path, tmp_path: Path) -> None:
    """Name, label, features, pixels, peaks, thumbnail and prediction of a row are one picture's, past the unreadable ones."""
    gallery = build(model, photos, tmp_path / "gallery", with_map=False)
    assert gallery is not None
    assert len(gallery) == 22
    assert [name for name, _ in gallery.rejected] == ["n0/5.png", "n2/1.png"]
    for layer in ("fc7", "fc6", "pool5"):
        assert isinstance(gallery.features[layer], np.memmap)  # read where it lies, never whole
        assert gallery.features[layer].dtype == np.float16
    explorer = Explorer.open(model, "cpu")
    for row in (0, 4, 5, 11, 12, 21):
        path = photos / gallery.names[row]
        seen = explorer.run(path)
        assert gallery.class_names[gallery.labels[row]] == path.parent.name
        for layer in ("fc7", "fc6", "pool5"):
            np.testing.assert_allclose(gallery.features[layer][row], seen[layer].ravel(), rtol=2e-3, atol=2e-3)
        for layer in ("conv3", "norm1", "pool2"):
            np.testing.assert_allclose(gallery.peaks[layer][row], seen[layer].max((1, 2)), rtol=2e-3, atol=2e-3)
        np.testing.assert_allclose(gallery.peaks["fc8"][row], seen["fc8"].ravel(), rtol=2e-3, atol=2e-3)
        square = preprocess.to_square(preprocess.read_picture(path))
        assert (gallery.features["pixels"][row] == pixels(square)).all()
        assert (gallery.square(row) == square).all()
        assert gallery.classes[gallery.predictions[row]] == seen.top(1)[0].name
        assert gallery.confidences[row] == pytest.approx(seen.top(1)[0].probability, rel=1e-4)
        thumbnail = Image.open(io.BytesIO(gallery.thumbnail(row) or b""))
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (128, 128))
        small = np.asarray(Image.fromarray(square).resize((128, 128), Image.Resampling.BILINEAR), float)
        assert np.abs(np.asarray(thumbnail.convert("RGB"), float) - small).mean() < 8
    assert gallery.codes["fc7"].shape == (22, 32)
    assert (gallery.encoders["fc7"].encode(gallery.features["fc7"]) == gallery.codes["fc7"]).all()


def test_softened_for_a_network_of_small_pictures(model: Path, photos: Path, tmp_path: Path) -> None:
    """All that is computed; thumbnails stay sharp."""
    small = tmp_path / "small" / "model.onnx"
    small.parent.mkdir()
    info, weights = onnx_file.read(model)
    onnx_file.write(small, dataclasses.replace(info, detail_px=16), weights)
    soft, sharp = (build(one, photos, tmp_path / one.parent.name / "gallery", with_map=False) for one in (small, model))
    assert soft is not None
    assert sharp is not None
    path = photos / soft.names[3]
    square = preprocess.soften(preprocess.to_square(preprocess.read_picture(path)), 16)
    assert (soft.square(3) == square).all()
    assert (soft.features["pixels"][3] == pixels(square)).all()
    seen = Explorer.open(model, "cpu").run(square)
    np.testing.assert_allclose(soft.features["fc7"][3], seen["fc7"], rtol=2e-3, atol=2e-3)
    assert soft.thumbnail(3) == sharp.thumbnail(3)


def test_pixels_by_hand() -> None:
    square = np.zeros((256, 256, 3), np.uint8)
    square[:4, :8, 0] = 200  # half of the first block
    square[8:16, 248:, 2] = 9
    small = pixels(square).reshape(32, 32, 3)
    assert small[0, 0].tolist() == [100, 0, 0]
    assert small[1, 31].tolist() == [0, 0, 9]
    assert small.sum() == 109


@pytest.mark.usefixtures("small_parts")
def test_interrupted_and_resumed(model: Path, photos: Path, tmp_path: Path) -> None:
    """A build that was stopped after its second part goes on, and comes to the same."""

    def stop(stage: str, done: int, total: int) -> None:
        if done >= 12:
            raise KeyboardInterrupt

    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        build(model, photos, tmp_path / "one", progress=stop, with_map=False)
    assert len(list((tmp_path / "one" / "parts").glob("*.npz"))) == 2
    with pytest.raises(ValueError, match="is no finished gallery; run the command that builds it once more"):
        Gallery.open(tmp_path / "one", model)
    build(model, photos, tmp_path / "one", progress=lambda stage, done, total: told.append(done), with_map=False)
    assert told[:2] == [5, 10]  # those were there
    build(model, photos, tmp_path / "two", with_map=False)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert not (tmp_path / "one" / "parts").exists()
    one, two = (Gallery.open(tmp_path / name, model) for name in ("one", "two"))
    assert one.names == two.names
    assert one.strongest is not None
    assert two.strongest is not None
    assert one.strongest.of("conv5", 3) == two.strongest.of("conv5", 3)


@pytest.mark.slow
def test_torchrun_shares_the_work(model: Path, tmp_path: Path) -> None:
    """The documented command, as small parts as ever: both processes run pictures, and together write what one does."""
    write_class_folders(tmp_path, "photos", 2, 70)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29498"]
    places = [str(model), str(tmp_path / "photos"), str(tmp_path / "shared")]
    done = subprocess.run(
        [*torchrun, "-m", "model.gallery", "build", *places], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "This process has done its share." in done.stdout
    assert "shared: 140 pictures" in done.stdout
    assert "pictures: 12 of 12" in done.stderr  # the second one's
    build(model, tmp_path / "photos", tmp_path / "alone", with_map=False)
    shared, alone = (files(tmp_path / name) for name in ("shared", "alone"))
    rows = [name for name in alone if not name.startswith("codes")]  # whose sums depend on the number of threads
    assert {name: shared[name] for name in rows} == {name: alone[name] for name in rows}


def test_a_process_that_has_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "POLL_SECONDS", 0)
    monkeypatch.setattr(building, "MOST_WAIT_SECONDS", 0)
    with pytest.raises(ValueError, match="No other process has finished a part for an hour; start the same command"):
        building._wait(tmp_path, 1)


def test_share_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Share.of_environment() == Share(0, 1, 0)
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert Share.of_environment() == Share(5, 8, 1)


def test_limit_is_spread_evenly(model: Path, photos: Path, tmp_path: Path) -> None:
    gallery = build(model, photos, tmp_path / "few", limit=4, with_map=False)
    assert gallery is not None
    assert gallery.names == ("n0/0.png", "n1/1.png", "n2/3.png", "n3/5.png")
    with pytest.raises(ValueError, match="needs at least one picture"):
        build(model, photos, tmp_path / "none", limit=0)


def test_refusals(model: Path, photos: Path, tmp_path: Path) -> None:
    dest = tmp_path / "gallery"
    build(model, photos, dest, limit=4, with_map=False)
    with pytest.raises(ValueError, match="was begun with another number of pictures; name a new folder"):
        build(model, photos, dest, limit=5)
    with pytest.raises(ValueError, match="has no layer fc9"):
        build(model, photos, tmp_path / "x", layers=("fc9",))
    (tmp_path / "other").mkdir()
    write_toy(tmp_path / "other" / "model.onnx", seed=1)
    with pytest.raises(ValueError, match=r"was built with another model \(toy\)"):
        Gallery.open(dest, tmp_path / "other" / "model.onnx")
    np.save(dest / "fc6.npy", np.zeros((3, 32), np.float16))
    with pytest.raises(ValueError, match="is damaged"):
        Gallery.open(dest, model)
    about = json.loads((dest / "gallery.json").read_text())
    (dest / "gallery.json").write_text(json.dumps({**about, "version": 0}))
    with pytest.raises(ValueError, match="by another version"):
        Gallery.open(dest, model)


def test_nothing_readable(model: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "x.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="None of the 1 pictures could be read; the first: "):
        build(model, tmp_path / "photos", tmp_path / "gallery")


def test_a_source_by_a_relative_path(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gallery = build(model, "photos/n1", "gallery", limit=2, with_map=False)
    assert gallery is not None
    assert gallery.names == ("0.png", "5.png")
    monkeypatch.chdir("/")
    assert gallery.square(1).shape == (256, 256, 3)


def test_pictures_without_classes(model: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for i in range(3):
        (tmp_path / "plain" / f"{i}.png").write_bytes(encoded(picture(i)))
    gallery = build(model, tmp_path / "plain", tmp_path / "gallery")
    assert gallery is not None
    assert gallery.labels.tolist() == [-1, -1, -1]
    assert set(gallery.maps) == {"pca2", "pca3"}  # too few for UMAP


def test_a_split_is_built_and_read_again(model: Path, tmp_path: Path) -> None:
    for i, split in enumerate(("train", "val")):
        write_class_folders(tmp_path / "set", split, 2, 1 + i)
    (tmp_path / "set" / "val" / "notes.txt").touch()
    with pytest.raises(ValueError, match="holds several splits"):
        build(model, tmp_path / "set", tmp_path / "gallery", with_map=False)
    gallery = build(model, tmp_path / "set", tmp_path / "gallery", with_map=False, split="val")
    assert gallery is not None
    assert gallery.names == ("val/n0/0.png", "val/n0/1.png", "val/n1/0.png", "val/n1/1.png")
    assert gallery.left_out == ("val/notes.txt",)
    assert (gallery.square(3) == preprocess.to_square(preprocess.read_picture(tmp_path / "set/val/n1/1.png"))).all()


def test_strongest_by_hand() -> None:
    row = Layer(name="conv5", kind="conv", units=2, size_px=2)
    maps = np.zeros((3, 2, 2, 2), np.float32)
    maps[0, 0, 1, 0], maps[1, 0, 0, 1], maps[2, 0, 1, 1] = 5, 7, 6
    strongest, rest = Strongest([row], k=2), Strongest([row], k=2)
    strongest.add(0, {"conv5": maps[:2]})
    rest.add(0, {"conv5": maps[2:]})
    strongest.merge(2, rest.arrays())
    assert strongest.of("conv5", 0) == (Strong(1, 7.0, 0, 1), Strong(2, 6.0, 1, 1))
    assert strongest.of("conv5", 1) == ()  # silent everywhere


def test_strongest_of_a_gallery(model: Path, photos: Path, tmp_path: Path) -> None:
    gallery = build(model, photos, tmp_path / "gallery", with_map=False)
    assert gallery is not None
    assert gallery.strongest is not None
    explorer = Explorer.open(model, "cpu")
    seen = [explorer.run(gallery.square(i)) for i in range(len(gallery))]
    for layer in ("conv1", "norm2", "pool5", "fc7", "fc8"):
        maps = np.stack([one[layer].reshape(len(one[layer]), -1) for one in seen])
        unit = int(maps.max((0, 2)).argmax())
        first = gallery.strongest.of(layer, unit)[0]
        assert first.index == int(maps[:, unit].max(1).argmax())
        assert first.value == pytest.approx(float(maps[:, unit].max()), rel=1e-4)
    values = np.asarray(gallery.features["fc7"])[:, 7]
    assert values[gallery.top_rows("fc7", 7, 3)].tolist() == np.sort(values)[::-1][:3].tolist()


def test_command_line(model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(model, tmp_path / "model.onnx")
    model = tmp_path / "model.onnx"
    (photos / "n0" / "0.png").write_bytes(b"broken")
    assert main(["build", str(model), str(photos), str(tmp_path / "gallery"), "--limit", "12", "--layers", "fc6"]) == 0
    said = capsys.readouterr()
    assert "pictures: 12 of 12" in said.err
    assert "map: 100%" in said.err
    assert not re.search("(map|codes|merge): [^\r]*a second", said.err)
    assert "gallery: 11 pictures; 1 could not be read:\n  n0/0.png: " in said.out
    assert set(Gallery.open(tmp_path / "gallery", model).features) == {"fc6", "fc7", "pixels"}
    assert main(["compact", str(tmp_path / "gallery"), str(tmp_path / "gallery.pq")]) == 0
    assert "11 pictures, " in capsys.readouterr().out
    command = ["pictures", str(tmp_path / "gallery.pq"), str(photos), "--out", str(tmp_path / "found.parquet")]
    assert main(command) == 0
    assert "11 of 11 pictures found" in capsys.readouterr().out
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "z.png").write_bytes(encoded(picture(1)))
    assert main(["pictures", str(tmp_path / "gallery.pq"), str(tmp_path / "other")]) == 2
    assert "with python -m training.fetch, and" in capsys.readouterr().err
    assert main(["build", str(model), "/nowhere", str(tmp_path / "x"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"].startswith("There is nothing at /nowhere")


def test_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """From what was done since the stage began: a resumed build had 40 of 200 pictures, then made 50 in ten seconds."""
    seconds = iter((100.0, 100.0, 110.0))
    monkeypatch.setattr("model.gallery.__main__.time.monotonic", lambda: next(seconds))
    tell = Teller(as_json=False)
    tell("pictures", 40, 200)
    tell("pictures", 90, 200)
    told = capsys.readouterr().err.split("\r")
    assert [line.strip() for line in told[1:]] == [
        "pictures: 40 of 200",
        "pictures: 90 of 200, 5 a second, 22 s left",
    ]


def test_toy_has_what_galleries_keep() -> None:
    assert {"pool5", "fc6", "fc7"} <= set(TOY.layer)
