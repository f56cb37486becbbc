"""Kernels by GPU: a net whose second GPU has all the colour, and one tower whose halves differ by chance."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from model.layers import Config
from tests.toys import TOY, small, write_toy
from training.recipe import load
from training.selectivity import interval, main, read, table

NAMES = ("short20", "short20_no_cross_talk", "short20_one_tower", "short20_torchvision", "short20_seed1")


def write_run(folder: Path, kernels: np.ndarray, config: Config) -> Path:
    (folder / "kernels").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"recipe": {"net": asdict(config)}}))
    np.save(folder / "kernels" / "conv1_000.npy", np.zeros_like(kernels))
    np.save(folder / "kernels" / "conv1_002.500.npy", kernels)
    return folder


def test_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Grey kernels have 0, kernels of one channel 2/3."""
    kernels = np.ones((8, 3, 11, 11), np.float16)
    kernels[4:, 1:] = 0
    run = write_run(tmp_path / "run", kernels, TOY)
    found = read(run)
    assert (found.name, found.epochs, found.towers) == ("run", "2.5", 2)
    np.testing.assert_allclose(found.indices, [0] * 4 + [2 / 3] * 4)
    row = table([found])[1]
    assert row[4:] == ["0.000 (0.000 to 0.000)", "0.667 (0.667 to 0.667)", "+0.667 (+0.667 to +0.667)", "yes"]
    assert main([str(run), "--csv", str(tmp_path / "out.csv")]) == 0
    assert "+0.667" in capsys.readouterr().out
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["gpu"] for row in rows] == ["1"] * 4 + ["2"] * 4
    assert rows[7] == {"run": "run", "kernel": "8", "gpu": "2", "colour_selectivity": "0.6667"}


def test_one_tower_has_halves(tmp_path: Path) -> None:
    kernels = np.random.default_rng(0).normal(size=(64, 3, 11, 11))
    found = read(write_run(tmp_path / "run", kernels, small(load("short20_one_tower").net)))
    assert found.towers == 1
    assert table([found])[1][-1] == "no"


def test_interval_of_a_mean_is_the_normal_one() -> None:
    """1.96 standard errors, for many values; the bootstrap's own chance is a few per cent of it."""
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    low, high = interval(values)
    error = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.1 * error)


def test_a_model_and_what_is_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_toy(tmp_path / "model.onnx")
    assert len(read(tmp_path / "model.onnx").indices) == 8
    assert main([str(tmp_path)]) == 2
    assert "is no run with kernels; give a folder that training.run wrote" in capsys.readouterr().err


def test_short_runs_differ_in_one_thing() -> None:
    short, *others = (load(name) for name in NAMES)
    switches = {"conv3_reads_both": False, "towers": 1}
    for other, (field, value) in zip(others, switches.items(), strict=False):
        differ = {key for key, one in asdict(short.net).items() if asdict(other.net)[key] != one}
        assert differ == {field}
        assert getattr(other.net, field) == value
    for other in others:
        differ = {key for key, one in asdict(short).items() if asdict(other)[key] != one} - {"name", "net"}
        assert differ == ({"seed"} if other.name == "short20_seed1" else set())
    assert others[2].net.kernels == (64, 192, 384, 256, 256)
