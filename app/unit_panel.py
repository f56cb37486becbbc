"""One unit of the layer that is open: why has it this value, and what does it look for?"""

from __future__ import annotations

import streamlit as st

from app.text import t
from model.explorer import Activations
from model.layers import Layer


def unit_panel(seen: Activations, layer: Layer, unit: int, place: tuple[int, int]) -> None:
    """Title and tabs of one unit."""
    gpu = int(unit >= layer.tower_units(0).stop) if layer.towers == 2 else 0
    title = "unit_title" if layer.towers == 2 else "unit_title_one_tower"
    st.subheader(t(title, name=layer.name, number=unit + 1, gpu=gpu + 1))
