"""Layer times: every layer has one, and a profile is cut into passes."""

from pathlib import Path

import pytest

from model.explorer import Explorer
from model.layer_times import _passes, layer_milliseconds
from model.layers import CODE_2012, ONE_TOWER, Config
from tests.toys import TOY, small, write_toy


@pytest.mark.parametrize(
    "config", [TOY, small(ONE_TOWER), small(CODE_2012)], ids=["two towers", "one tower", "2012 code"]
)
def test_every_layer_has_a_time(config: Config, tmp_path: Path) -> None:
    write_toy(tmp_path / "model.onnx", config)
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    times = layer_milliseconds(explorer, tmp_path / "model.onnx", runs=2)
    assert list(times) == [row.name for row in config.layers]
    assert all(spent > 0 for spent in times.values())


def test_passes_are_cut_at_the_sessions_events() -> None:
    events: list[dict[str, object]] = [
        {"cat": "Session", "name": "session_initialization", "dur": 9},
        {"cat": "Node", "name": "conv1_kernel_time", "dur": 3},
        {"cat": "Session", "name": "model_run", "dur": 4},
        {"cat": "Node", "name": "conv1_kernel_time", "dur": 5},
        {"cat": "Node", "name": "pool1_nchwc_kernel_time", "dur": 1},
        {"cat": "Session", "name": "model_run", "dur": 7},
    ]
    assert _passes(events) == [[("conv1", 3.0)], [("conv1", 5.0), ("pool1_nchwc", 1.0)]]
