"""Errors counted by hand, with one crop and ten; ensembles, reports and their text."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tests.toys import TOY, picture, write_class_folders, write_toy
from training import evaluate
from training.evaluate import DENSE, ONE_CROP, TEN_CROPS, Array, Errors, Views, Voter
from training.prepared import Prepared


def prepared(labels: list[int]) -> Prepared:
    images = np.stack([picture(seed) for seed in range(len(labels))])
    mean = np.zeros((3, 256, 256), np.float32)
    return Prepared(images, np.asarray(labels), tuple("abcdefg"), mean, np.eye(3))


def test_by_hand() -> None:
    """Always the same ranking, 6 5 4 3 2 1 0: class 6 is right, classes 2 to 6 are in the top five."""

    def always(crops: Array) -> Array:
        return np.tile(np.arange(7, dtype=np.float32) / 21, (len(crops), 1))

    pictures = prepared([6, 5, 2, 1])
    assert evaluate.evaluate(always, pictures, pictures.mean) == Errors(75.0, 25.0, 4, 1)
    assert evaluate.evaluate(always, pictures, pictures.mean, ten_crop=True, batch_size=20) == Errors(75.0, 25.0, 4, 10)


@pytest.mark.parametrize("answer", [1 / 7, float("nan")])
def test_constant_answer_is_no_answer(answer: float) -> None:
    """A network that finds all classes alike, or computes nothing, must not count as right."""
    pictures = prepared([0, 1])
    same = evaluate.evaluate(lambda crops: np.full((len(crops), 7), answer, np.float32), pictures, pictures.mean)
    assert (same.top1_error, same.top5_error) == (100.0, 100.0)


def test_ten_crops_are_averaged() -> None:
    """Nine crops lean to class 0 a little, one to class 1 a lot: the average says 1."""

    def lean(crops: Array) -> Array:
        votes = np.tile(np.asarray([[0.52, 0.48, 0, 0, 0, 0, 0]], np.float32), (len(crops), 1))
        votes[::10] = (0, 1, 0, 0, 0, 0, 0)
        return votes

    pictures = prepared([1, 1, 1])
    assert evaluate.evaluate(lean, pictures, pictures.mean, ten_crop=True).top1_error == 0


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_toy(tmp_path / "model.onnx", TOY)
    write_class_folders(tmp_path, "val", 6, 2)
    argv = [str(tmp_path / "model.onnx"), "--data", str(tmp_path), "--cache", str(tmp_path / "cache"), "--json"]
    assert evaluate.main([*argv, "--limit", "6", "--ten-crop"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"top1_error", "top5_error", "num_images", "crops", "top1_interval", "top5_interval"}
    assert (found["num_images"], found["crops"]) == (6, 10)
    write_class_folders(tmp_path / "other", "val", 5, 1)
    argv[2] = str(tmp_path / "other")
    assert evaluate.main(argv) == 2
    assert "has other classes than" in capsys.readouterr().err


@pytest.mark.parametrize("views", [ONE_CROP, TEN_CROPS, DENSE], ids=lambda views: views.words)
def test_every_voter_sees_its_own_mean(views: Views) -> None:
    """Views in order, each less the voter's mean: what both voters get differs by the means' difference alone."""
    pictures, seen = prepared([0, 1, 2, 3]), []

    def remember(inputs: Array) -> Array:
        seen.append(inputs)
        answers = len(inputs) * views.crops // len(views.cut(pictures.images[:1], pictures.mean, 224))
        return np.full((answers, 7), 1 / 7, np.float32)

    voters = [Voter(remember, np.full(3, level, np.float32)) for level in (0, 10)]
    evaluate.judge(voters, pictures, views, batch_size=3 * views.crops)
    first, second = np.concatenate(seen[::2]), np.concatenate(seen[1::2])
    np.testing.assert_array_equal(first, views.cut(pictures.images[:], np.zeros(3, np.float32), 224))
    np.testing.assert_allclose(first - second, 10)


def test_ensemble_averages_probabilities() -> None:
    """One voter is sure of class 1, the other leans to class 0: together they say 1. Each alone is half right."""
    pictures = prepared([0, 1])

    def always(*probabilities: float) -> Voter:
        return Voter(lambda crops: np.tile(np.asarray(probabilities, np.float32), (len(crops), 1)), pictures.mean)

    leaning, sure = always(0.6, 0.4, 0, 0, 0, 0, 0), always(0.1, 0.9, 0, 0, 0, 0, 0)
    assert evaluate.judge([leaning, sure], pictures).guesses.tolist() == [1, 1]
    assert evaluate.judge([leaning], pictures).guesses.tolist() == [0, 0]


def test_what_a_thread_raises_arrives() -> None:
    pictures = prepared([0, 1])

    def broken(squares: object, mean: object, crop_px: int) -> Array:
        raise ValueError("cannot cut")

    with pytest.raises(ValueError, match="cannot cut"):
        evaluate.judge([Voter(lambda crops: crops, pictures.mean)], pictures, Views("broken", 1, broken))


def toy_argv(folder: Path, *models: str) -> list[str]:
    for seed, name in enumerate(models):
        write_toy(folder / name, TOY, seed)
    write_class_folders(folder, "val", 6, 2)
    paths = [str(folder / name) for name in models]
    return [*paths, "--data", str(folder), "--cache", str(folder / "cache"), "--device", "cpu"]


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = toy_argv(tmp_path, "model.onnx")
    assert evaluate.main([*argv, "--dense", "--report", str(tmp_path / "report.json")]) == 0
    text = capsys.readouterr().out
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["views"], found["engine"], found["split"]) == ("dense", "torch", "val")
    assert (found["errors"]["num_images"], found["errors"]["crops"]) == (12, 8)
    assert np.asarray(found["confusion_matrix"]).sum(1).tolist() == [2] * 6
    wrong = 12 - np.trace(np.asarray(found["confusion_matrix"]))
    assert found["errors"]["top1_error"] == pytest.approx(100 * wrong / 12)
    assert [row["name"] for row in found["per_class"]] == [f"class {i}" for i in range(6)]
    assert sum(pair["num_images"] for pair in found["confusions"]) == wrong
    assert {"commit", "hardware", "seconds", "models", "model_commits", "data"} <= set(found)
    low, high = found["errors"]["top1_interval"]
    assert f"95 % intervals: {low:.2f} to {high:.2f} %" in text
    assert "(dense, 12 pictures)" in text
    assert len(text.splitlines()) <= 30


def test_an_ensemble_of_itself_is_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = toy_argv(tmp_path, "model.onnx")
    assert evaluate.main([*argv, "--json"]) == 0
    assert evaluate.main([argv[0], *argv, "--json"]) == 0
    alone, twice = capsys.readouterr().out.splitlines()
    assert alone == twice


def test_engines_agree(tmp_path: Path) -> None:
    argv = toy_argv(tmp_path, "model.onnx")
    explorer = evaluate.open_models([tmp_path / "model.onnx"], "cpu")[0]
    pictures = evaluate.prepare_for(explorer, tmp_path, "val", tmp_path / "cache")
    crops = TEN_CROPS.cut(pictures.images[:2], explorer.mean, 224)
    onnx, torch = (evaluate.voter(explorer, TEN_CROPS, engine).probabilities(crops) for engine in ("onnx", "torch"))
    np.testing.assert_allclose(onnx, torch, atol=1e-5)
    assert evaluate.main([*argv, "--engine", "torch", "--per-class"]) == 0


def test_other_classes_are_no_ensemble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = toy_argv(tmp_path, "six.onnx")
    write_toy(tmp_path / "five.onnx", dataclasses.replace(TOY, num_classes=5))
    assert evaluate.main([str(tmp_path / "five.onnx"), *argv]) == 2
    assert "six.onnx has other classes than" in capsys.readouterr().err


def test_worst_classes_come_first() -> None:
    """Twelve classes, the fourth and the last always wrong: ten rows, or all."""
    classes = tuple((f"n{i}", f"class {i}") for i in range(12))
    rows = [
        {"id": key, "name": name, "num_images": 5, "top1_error": 100.0 * (i in (3, 11)), "top5_error": 10.0 * (i == 11)}
        for i, (key, name) in enumerate(classes)
    ]
    found = {
        "errors": Errors(100 / 6, 5 / 6, 60, 1).to_dict(), "views": "one crop", "per_class": rows,
        "confusions": [{"true": "n3", "guess": "n0", "num_images": 5}],
    }  # fmt: skip
    text = list(evaluate.lines(found, classes))
    assert text[4].endswith("class 11")
    assert text[5].endswith("class 3")
    assert text[3].endswith("class, worst 10 of 12")
    assert text[-1] == "      5  class 3 -> class 0"
    assert len(list(evaluate.lines(found, classes, every_class=True))) == len(text) + 2
