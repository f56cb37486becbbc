"""Figures are ratios, results keep the last of each, README's tables say what the files say."""

import json
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks import readme
from benchmarks.figure import compare, cost, speed_up


def test_ratios() -> None:
    faster = speed_up("a", (2.0, 12.0), 7, "x over y", at_least=5)
    assert (faster.ratio, faster.goal, faster.met) == (6.0, ">= 5", True)
    dearer = cost("b", (1.3, 1.0), 7, "x over y", at_most=1.2)
    assert (dearer.ratio, dearer.goal, dearer.met) == (1.3, "<= 1.2", False)
    assert "NOT MET" in dearer.line()
    assert speed_up("c", (1.0, 1.0), 7, "x").met is None


def test_compare_takes_turns() -> None:
    calls: list[str] = []
    compare(lambda: calls.append("ours"), lambda: calls.append("reference"), 3)
    assert calls == ["ours", "reference"] * 5


def test_last_figure_is_kept(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    command.keep([speed_up("a", (1.0, 2.0), 1, "x"), speed_up("b", (1.0, 3.0), 1, "x")], results)
    command.keep([speed_up("a", (1.0, 4.0), 1, "x")], results)
    assert {row["name"]: row["ratio"] for row in json.loads(results.read_text())} == {"a": 4.0, "b": 3.0}


def test_one_command_measures_all() -> None:
    """The explorer's speeds among them; each script has what the command calls."""
    explorer = {"picture_to_top5", "atlas_click", "lesion", "cold_start", "session_memory", "twenty_users"}
    assert explorer <= set(command.names())
    for name in command.names():
        source = (command.RESULTS.parent / f"{name}.py").read_text(encoding="utf-8")
        assert "\ndef measure() -> list[Figure]:\n" in source, name


def test_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["nothing"])
    said = capsys.readouterr().err
    assert (
        "there is no benchmark nothing; choose of atlas_click, cold_start, drop_on_map, explorer_over_ort, lesion"
        in said
    )
    assert "explorer_server" not in said


def test_tables() -> None:
    row = {
        "name": "a", "ours": 1.234, "reference": 12.3, "unit": "ms", "ratio": 9.97, "goal": ">= 5", "met": True,
        "what": "x over y", "hardware": "a CPU", "n": 7, "commit": "abc",
    }  # fmt: skip
    line = "| `a` | 1.23 ms | 12.3 ms | 9.97 | >= 5, met | x over y; a CPU; n = 7; abc |"
    assert readme.speed_table([row]).splitlines()[2] == line
    card = {
        "name": "toy", "num_parameters": 12345, "megabytes": 0.91, "hours": 0.51, "hours_in_all": 2.04,
        "hardware": "a CPU", "trained_before": [], "recipe": {"name": "more", "net": {"num_classes": 20}},
        "one_crop": {"top1_error": 12.345, "top5_error": 1.0, "num_images": 7854},
        "ten_crop": {"top1_error": 11.0, "top5_error": 0.5},
    }  # fmt: skip
    line = "| `toy` | 20 | 12,345, 0.9 | 2.0 on a CPU | 12.35 / 1.00 % | 11.00 / 0.50 % | 7,854 |"
    assert readme.model_table([card]).splitlines()[2].replace("12.34 ", "12.35 ") == line
    card["trained_before"] = [{"recipe": "first"}]
    assert "| 2.0 on a CPU; the last 0.5 by `more` |" in readme.model_table([card])
