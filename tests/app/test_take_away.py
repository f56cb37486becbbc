"""What is taken away holds the network's own numbers."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.tables import to_csv
from model.explorer import Explorer
from tests.toys import TOY, picture, write_toy


def test_csv_opens_in_spreadsheets() -> None:
    made = to_csv([{"层": "conv1", "a,b": 1}, {"层": 'say "x"', "a,b": 2}])
    assert made.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert rows == [["层", "a,b"], ["conv1", "1"], ['say "x"', "2"]]
    assert to_csv([]) == b"\xef\xbb\xbf\r\n"


def test_npz_holds_the_activations_and_what_they_are_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy").mkdir()
    write_toy(tmp_path / "toy" / "model.onnx")
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "toy" / "model.onnx"))

    def script() -> None:
        import streamlit as st

        from app import answers, state
        from app.take_away_panel import to_npz, told_of

        state.mute("gpu2", 0.5)
        seen, layers = answers.activations(), ["conv1", "fc7"]
        about = told_of(seen, layers)
        st.session_state["make"] = lambda: to_npz(seen, layers, about)

    app = AppTest.from_function(script, default_timeout=60).run()
    assert not app.exception
    with np.load(io.BytesIO(app.session_state["make"]())) as made:  # outside the session, as Streamlit makes a download
        meta = json.loads(str(made["meta"]))
        assert made["conv1"].shape == (8, 55, 55)
        assert made["fc7"].shape == (32,)
        assert meta["muted"] == {"gpu2": 0.5}
        assert (meta["model"], meta["commit"], meta["shapes"]["conv1"]) == ("toy", "abc", [8, 55, 55])
        assert (made["conv1"][4:].reshape(4, -1).max(1) == 0).sum() >= 2  # half of GPU2's four


def test_probabilities_are_every_classs(tmp_path: Path) -> None:
    from app.take_away_panel import probabilities

    write_toy(tmp_path / "model.onnx")
    seen = Explorer.open(tmp_path / "model.onnx", "cpu").run(picture(1))
    rows = probabilities(seen)
    assert len(rows) == TOY.num_classes
    values = [row["Probability"] for row in rows]
    assert values == sorted(seen["prob"].tolist(), reverse=True)
