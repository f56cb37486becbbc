"""The network as in the paper's figure 2, drawn from the layer table."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.figures import GPU_COLOURS
from app.text import t
from model.layers import CROP_PX, Config, Layer

CSS = """
.net { overflow-x: auto; color: var(--st-text-color); }
svg { display: block; }
text { font: 11px var(--st-font); text-anchor: middle; fill: currentColor; font-variant-numeric: tabular-nums; }
.name { font-weight: 600; font-size: 12px; }
.units { font-weight: 600; }
.gpu { text-anchor: start; font-weight: 700; font-size: 13px; }
.fact { opacity: .75; }
"""
_component = st.components.v2.component(
    "alexnet.net_drawing",
    html='<div class="net"></div>',
    css=CSS,
    js=(Path(__file__).parent / "net_drawing.js").read_text(encoding="utf-8"),
)


def net_drawing(config: Config) -> None:
    """Draw a network; lines cross where a layer reads both GPUs."""
    crop = {"name": "image", "towers": 1, "share": "", "size": CROP_PX, "shape": f"3 x {CROP_PX}²", "parameters": ""}
    layers = [crop, *(_box(row) for row in config.layers if row.kind != "softmax")]
    data = {"layers": layers, "colours": GPU_COLOURS, "towers": config.towers, "alt": t("model_drawing_alt")}
    _component(data=data, key="net_drawing")


def _box(row: Layer) -> dict[str, object]:
    return {
        "name": row.name,
        "towers": row.towers,
        "share": f"{row.units // row.towers}",
        "size": row.size_px,
        "shape": f"{row.units}" if row.kind == "fc" else f"{row.units} x {row.size_px}²",
        "parameters": short(row.num_parameters),
        "readsBoth": row.reads_both,
    }


def short(count: int) -> str:
    """A count with at most three digits: 34.9k, 37.8M; nothing for none."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return f"{count}" if count else ""
