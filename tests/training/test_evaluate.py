"""Errors counted by hand, with one crop and ten."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.toys import TOY, picture, write_class_folders, write_toy
from training import evaluate
from training.evaluate import Array, Errors
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
    assert set(found) == {"top1_error", "top5_error", "num_images", "crops"}
    assert (found["num_images"], found["crops"]) == (6, 10)
    write_class_folders(tmp_path / "other", "val", 5, 1)
    argv[2] = str(tmp_path / "other")
    assert evaluate.main(argv) == 2
    assert "has other classes than" in capsys.readouterr().err
