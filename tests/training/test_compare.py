"""Run folders, whole, unfinished and wrong, as tables and as a page."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model import onnx_file
from model.export import weights_of
from model.onnx_file import ModelInfo
from tests.toys import TOY, toy_net
from training import compare
from training.compare import differences, figure, page, read, results, text
from training.recipe import Recipe
from training.schedule import Plateau

RECIPE = Recipe(name="toy", net=TOY, schedule=Plateau(), epochs=3)


def write_run(folder: Path, errors: list[float], recipe: Recipe = RECIPE, **how: Any) -> Path:
    """A run that needed half an hour an epoch."""
    folder.mkdir(parents=True)
    about = {"recipe": recipe.to_dict(), "hardware": "a CPU", "commit": "abc", "versions": {"torch": "2"}, **how}
    (folder / "run.json").write_text(json.dumps(about))
    rows = [
        {
            "epoch": i + 1, "train_loss": 3.0 - i, "val_top1_error": error, "val_top5_error": error / 4,
            "images_per_second": 100.0 + 20 * i, "wall_seconds": 1800.0,
        }
        for i, error in enumerate(errors)
    ]  # fmt: skip
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def finish(folder: Path) -> Path:
    """The model.onnx of a finished run."""
    info = ModelInfo(
        config=TOY, classes=tuple((f"n{i}", f"class {i}") for i in range(6)),
        mean=np.zeros(3, np.float32), metrics={"ten_crop_top1_error": 30.0, "ten_crop_top5_error": 8.0},
    )  # fmt: skip
    onnx_file.write(folder / "model.onnx", info, weights_of(toy_net().state_dict()))
    return folder


def test_by_hand(tmp_path: Path) -> None:
    whole = read(finish(write_run(tmp_path / "whole", [60.0, 40.0, 44.0])))
    assert whole.hours == [0.5, 1.0, 1.5]
    begun = read(write_run(tmp_path / "begun", []))
    heading, first, second = results([whole, begun])
    assert dict(zip(heading, first, strict=True)) == {
        "run": "whole", "recipe": "toy", "epochs": "3 of 3", "parameters": f"{TOY.num_parameters:,}", "hours": "1.50",
        "best": "40.00 / 10.00 (epoch 2)", "last": "44.00 / 11.00", "ten crops": "30.00 / 8.00", "pictures/s": "120",
    }  # fmt: skip
    assert second == ["begun", "toy", "0 of 3", f"{TOY.num_parameters:,}", "-", "-", "-", "-", "-"]


def test_differences(tmp_path: Path) -> None:
    other = dataclasses.replace(RECIPE, lr=0.02, net=dataclasses.replace(TOY, lrn=None))
    runs = [
        read(write_run(tmp_path / "a", [50.0])),
        read(write_run(tmp_path / "b", [50.0], other, versions={"torch": "3"}, processes={"pairs": 2})),
    ]
    table = {row[0]: row[1:] for row in differences(runs)}
    assert table["lr"] == ["0.01", "0.02"]
    assert table["net.lrn.k"] == ["2.0", "-"]
    assert table["versions.torch"] == ["2", "3"]
    assert table["processes.pairs"] == ["-", "2"]
    assert not {"batch_size", "hardware", "net.width", "commit"} & table.keys()
    assert len(differences([runs[0], runs[0]])) == 1


def test_a_line_that_is_being_written(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", [50.0, 40.0])
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "train_lo')
    assert len(read(folder).epochs) == 2
    (folder / "metrics.jsonl").unlink()
    assert read(folder).epochs == []


def test_text_is_even() -> None:
    assert text([["a", "long", "c"], ["longer", "b", ""]]) == "a       long  c\nlonger  b"


def test_page_is_whole_and_safe(tmp_path: Path) -> None:
    runs = [read(write_run(tmp_path / "<b>bold", [50.0, 40.0])), read(write_run(tmp_path / "b", [30.0]))]
    found = page(runs)
    assert "<td>&lt;b&gt;bold</td>" in found
    assert "<b>bold" not in found
    assert not re.findall(r"<(?:script|link)[^>]+(?:src|href)=", found)  # plotly.js is in it
    assert len(found) > 1_000_000
    curves = figure(runs).data
    assert [list(curve.x) for curve in curves[:4]] == [[1, 2], [1, 2], [0.5, 1.0], [0.5, 1.0]]
    assert [list(curve.y) for curve in curves[:4]] == [[50, 40], [3, 2], [50, 40], [3, 2]]


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = write_run(tmp_path / "x" / "same", [50.0]), write_run(tmp_path / "y" / "same", [40.0])
    assert compare.main([str(first), str(second), "--out", str(tmp_path / "compare.html")]) == 0
    out = capsys.readouterr().out
    assert str(first) in out
    assert str(second) in out  # two of the same name
    assert "compare.html shows the curves" in out
    assert "<table>" in (tmp_path / "compare.html").read_text()


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"recipe": []}', '{"recipe": {"name": "x"}}'])
def test_no_run(tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert compare.main([str(tmp_path)]) == 2
    assert "is no run: it holds no run.json of training.run; give a folder" in capsys.readouterr().err
