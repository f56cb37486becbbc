"""What the browser gets of a picture: every activation in 8 bits, in one piece of bytes."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.components import net
from app.view import View
from model.explorer import Explorer
from model.layers import PAPER
from tests.toys import TOY, picture, write_toy


def test_the_papers_net_takes_1_26_megabytes() -> None:
    """Twice 55² x 96, 27² x 96, twice 27² x 256, 13² x 256, twice 13² x 384, 13² x 256, 6² x 256, twice 4096 and 1000."""
    assert sum(row.num_values for row in PAPER.layers) == 1_259_760


def test_all_layers_in_one_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Any] = {}
    monkeypatch.setattr(net, "_component", lambda **given: None)
    monkeypatch.setattr(net, "_seen", lambda **given: sent.update(given))
    write_toy(tmp_path / "model.onnx")
    seen = Explorer.open(tmp_path / "model.onnx", "cpu").run(picture())
    times = dict.fromkeys(TOY.layer, 1.0)
    net.net(TOY, seen, View(), ("conv1", 0, (0, 0)), "key", 0, times, lambda: None)
    data = sent["data"]
    assert isinstance(data, bytes)
    (length,) = struct.unpack("<I", data[:4])
    layers = json.loads(data[4 : 4 + length])["layers"]
    units, values = sum(row.units for row in TOY.layers), sum(row.num_values for row in TOY.layers)
    assert len(data) == 4 + length + 12 * units + values + 64 * 64 * 3
    lows, highs = np.frombuffer(data, np.float32, 2 * units, 4 + length).reshape(2, units)
    peaks = np.frombuffer(data, np.uint32, units, 4 + length + 8 * units)
    pixels = np.frombuffer(data, np.uint8, values, 4 + length + 12 * units)
    for row, told in zip(TOY.layers, layers, strict=True):
        maps, own = seen[row.name].reshape(row.units, -1), slice(told["first"], told["first"] + row.units)
        np.testing.assert_array_equal(peaks[own], maps.argmax(1))
        np.testing.assert_array_equal(highs[own], np.maximum(maps.max(1), 0))
        np.testing.assert_array_equal(lows[own], np.minimum(maps.min(1), 0))
        steps = (highs - lows)[own, None] / 255
        found = lows[own, None] + steps * pixels[told["offset"] :][: maps.size].reshape(maps.shape)
        assert (np.abs(found - maps) <= 0.51 * steps + 1e-6).all(), row.name
