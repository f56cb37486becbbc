"""A page with nothing on it but the window panel, of the value that the address names."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.components.window import window_panel
from app.samples import sample_path
from model.explorer import Explorer

MODEL = Path(__file__).parents[2] / "assets" / "models" / "imagenet20" / "model.onnx"

st.set_page_config(layout="wide")
explorer = st.cache_resource(Explorer.open)(MODEL, "cpu")
asked = st.query_params
unit, row, column = (int(asked.get(name, "0")) for name in ("unit", "row", "column"))
gains = {"conv1": 0.5, "cross_talk": 0.25} if "lesion" in asked else None
seen = explorer.run(sample_path("cat"), gains)
st.text(repr(window_panel(explorer, seen, asked.get("layer", "conv1"), unit, row, column, gains)))
