"""Numbers and lines of the window panel, by hand and over toy networks."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from app.components.window import _bytes
from app.components.window_words import added, arithmetic, blocks, number, place_name
from model.explorer import Explorer
from model.layers import CODE_2012, ONE_TOWER, Config
from model.steps import Place
from model.window import chain, uses
from tests.toys import TOY, picture, small, write_toy


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-1.5, "\u22121.5"), (0.0312345678, "0.031235"), (1_664_812.0, "1,664,800"), (-2.346e-7, "\u22122.35e\u22127")],
)  # fmt: skip
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_added() -> None:
    assert added([1.5, -0.25, 3]) == "1.5 \u2212 0.25 + 3"


@pytest.fixture
def explorer(tmp_path: Path, request: pytest.FixtureRequest) -> Explorer:
    write_toy(tmp_path / "model.onnx", getattr(request, "param", TOY))
    return Explorer.open(tmp_path / "model.onnx", "cpu")


def test_lines_of_a_muted_unit(explorer: Explorer) -> None:
    """A gain has a line of its own; fc7 has one for dropout; the last line is the network's value."""
    gains = {"conv2": 0.0}
    seen = explorer.run(picture(), gains)
    (step,) = chain(explorer, seen, "conv2", 9, 3, 4, gains)
    lines = arithmetic(explorer, seen, step)  # type: ignore[arg-type]
    assert [label for label, _, _ in lines] == [
        "Sum of 4 channels", "Plus the bias", "ReLU", "Times the gain that you set", "The network's own value",
    ]  # fmt: skip
    assert lines[-2][2] == lines[-1][2] == "0"
    assert lines[-1][1] == "conv2 unit 10 on GPU2, row 4, column 5"
    (seventh,) = chain(explorer, seen, "fc7", 0)
    assert arithmetic(explorer, seen, seventh)[1][0].startswith("Halved")  # type: ignore[arg-type]


def test_blocks_behind_a_convolution(explorer: Explorer) -> None:
    seen = explorer.run(picture())
    made = blocks(explorer, seen, chain(explorer, seen, "conv1", 3, 6, 6), uses(explorer, seen, "conv1", 3, 6, 6))
    assert [block["title"] for block in made] == ["norm1 unit 4 on GPU1, row 7, column 7", "pool1 unit 4 on GPU1"]
    assert [row[0] for row in made[0]["table"]["rows"]] == ["2", "3", "4"]  # GPU1's last map has two neighbours
    assert [grid["chosen"] for grid in made[1]["grids"]] == [8, 6, 2, 0]  # a corner of each of four windows


@pytest.mark.parametrize(
    "explorer", [TOY, small(ONE_TOWER), small(CODE_2012)], ids=["two towers", "one tower", "2012"], indirect=True
)
def test_every_layer_can_be_said(explorer: Explorer) -> None:
    seen = explorer.run(picture())
    for row in explorer.config.layers:
        steps, behind = chain(explorer, seen, row.name, 1), uses(explorer, seen, row.name, 1, 0, 0)
        data = _bytes(explorer, seen, steps, behind)
        (length,) = struct.unpack("<I", data[:4])
        header = json.loads(data[4 : 4 + length])
        count = header["size"] ** 2 * len(header["names"])
        colours = 3 * header["size"] ** 2 if header["colour"] else 0
        assert length % 4 == 0
        assert len(data) == 4 + length + 8 * count + colours
        patch = np.frombuffer(data, np.float32, count, 4 + length)
        np.testing.assert_array_equal(patch, steps[0].patch.ravel())  # type: ignore[union-attr]


def test_classes_have_names(explorer: Explorer) -> None:
    assert place_name(explorer, Place("prob", 2)) == "prob, class 2"


def test_one_tower_has_no_gpus(tmp_path: Path) -> None:
    config: Config = small(ONE_TOWER)
    write_toy(tmp_path / "model.onnx", config)
    assert place_name(Explorer.open(tmp_path / "model.onnx", "cpu"), Place("fc6", 2)) == "fc6 unit 3"
