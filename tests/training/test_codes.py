"""The auto-encoder's codes: they carry clusters, files hold what was measured, bad input is a sentence."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from model.gallery.build import build
from model.gallery.codes import Encoder
from model.gallery.retrieval import nearest_rows
from model.gallery.store import Gallery
from tests.toys import write_class_folders, write_toy
from training import codes


def clustered() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 8, 1024)
    middles = 2 * chance.standard_normal((8, 64))
    return np.maximum(middles[labels] + chance.standard_normal((1024, 64)), 0).astype(np.float16), labels


def test_codes_of_a_cluster_are_near() -> None:
    features, labels = clustered()
    encoder = codes.fit(features, 64, epochs=4, say=lambda *words, **options: None)
    assert (encoder.name, encoder.bits) == ("autoencoder", 64)
    bits = np.unpackbits(encoder.encode(features), axis=1).astype(np.float32)
    far = np.abs(bits[:, None] - bits[None]).sum(2)
    nearest = nearest_rows(iter([far + 1e9 * np.eye(1024)]), 6)
    assert (labels[nearest] == labels[:, None]).mean() > 0.9
    assert 0.2 < bits.mean() < 0.8
    again = codes.fit(features, 64, epochs=4, say=lambda *words, **options: None)
    assert (again.weights == encoder.weights).all()  # the seed decides


@pytest.fixture
def galleries(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A model, a gallery to learn from and one to ask with."""
    model = tmp_path / "toy" / "model.onnx"
    model.parent.mkdir()
    write_toy(model)
    for name, per_class in (("train", 12), ("val", 3)):
        write_class_folders(tmp_path, name, 4, per_class)
        build(model, tmp_path / name, tmp_path / f"{name}.gallery", with_map=False)
    return model, tmp_path / "train.gallery", tmp_path / "val.gallery"


def test_command_line(
    galleries: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Writes encoder and report; a gallery built afterwards takes the encoder."""
    monkeypatch.setattr(codes, "BATCH", 16)
    monkeypatch.setattr(codes, "DEPTHS", (12, 24, 48))
    model, known, asked = galleries
    command = [str(known), "--queries", str(asked), "--out", str(model.parent), "--bits", "64", "--epochs", "2"]
    assert codes.main(command) == 0
    told = capsys.readouterr().out
    report = json.loads((model.parent / "codes.json").read_text())
    assert (report["pictures"], report["queries"]) == (48, 12)
    assert set(report["spaces"]) == {"fc7", "fc6", "pool5", "pixels", "pca-sign 64", "autoencoder 64"}
    assert report["spaces"]["autoencoder 64"]["recall"]["48"] == 1.0  # all of them
    assert report["spaces"]["fc7"]["recall"]["6"] == 1.0  # what the others are measured against
    pixels = report["spaces"]["pixels"]
    line = [pixels["share"], pixels["mean_average_precision"], *pixels["recall"].values()]
    line.append(report["share_among_queries"]["pixels"])
    assert f"| pixels | {' | '.join(f'{value:.3f}' for value in line)} |" in told
    assert told.count("share among validation") == 1
    by_hand, of_pixels = [], []
    one, other = Gallery.open(known, model), Gallery.open(asked, model)
    asked_by = (np.asarray(other.features[name], float) for name in ("fc7", "pixels"))
    for query, small, label in zip(*asked_by, other.labels, strict=True):
        nearest = np.argsort(((np.asarray(one.features["fc7"], float) - query) ** 2).sum(1))[:6]
        by_hand.append((one.labels[nearest] == label).mean())
        alike = np.argsort(((np.asarray(one.features["pixels"], float) - small) ** 2).sum(1))[:6]
        of_pixels.append(np.isin(nearest, alike).mean())
    assert report["spaces"]["fc7"]["share"] == pytest.approx(np.mean(by_hand), abs=0.02)
    assert pixels["recall"]["6"] == pytest.approx(np.mean(of_pixels), abs=0.02)
    shutil.rmtree(asked)
    again = build(model, model.parent.parent / "val", asked, with_map=False)
    assert again is not None
    assert (again.encoders["fc7"].name, again.encoders["fc6"].name) == ("autoencoder", "pca-sign")
    assert (again.encoders["fc7"].weights == Encoder.load(model.parent / "codes.npz").weights).all()


def test_galleries_that_do_not_go_together(
    galleries: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, known, asked = galleries

    def refusal(queries: Path) -> str:
        assert codes.main([str(known), "--queries", str(queries), "--out", str(model.parent)]) == 2
        return capsys.readouterr().err

    assert "has 48 pictures; codes are learned from at least 256." in refusal(asked)
    monkeypatch.setattr(codes, "BATCH", 16)
    build(model, tmp_path / "val", tmp_path / "few", layers=("fc7",), with_map=False)
    assert "have no fc6, pool5; build them without --layers." in refusal(tmp_path / "few")
    write_toy(model, seed=1)
    build(model, tmp_path / "val", tmp_path / "other", with_map=False)
    assert "are of two models, or of other classes" in refusal(tmp_path / "other")


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codes.main([str(tmp_path), "--queries", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "is no finished gallery; make one with python -m model.gallery build" in capsys.readouterr().err
