"""Every unit of a layer as one picture a GPU, drawn in the browser from one array of bytes."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.figures import BAR_COLOUR, GPU_COLOURS, greys
from app.text import t
from model.layers import Layer

HTML = """
<div class="atlas">
  <div class="bar"><button class="range" type="button"></button><span class="tip" role="status" aria-live="polite"></span></div>
  <div class="towers"></div>
</div>
"""
CSS = """
.bar { display: flex; gap: 12px; align-items: center; min-height: 32px; font: 14px var(--st-font); color: var(--st-text-color); }
.range { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 10px; cursor: pointer; }
.tip { font-variant-numeric: tabular-nums; }
.towers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); gap: 16px; }
figure { margin: 0; min-width: 0; }
figcaption { font: 600 14px var(--st-font); color: var(--st-text-color); border-bottom: 3px solid var(--tower);
  margin-bottom: 8px; padding-bottom: 4px; }
.frame { position: relative; }
canvas { display: block; width: 100%; image-rendering: pixelated; cursor: pointer; background: #8888; }
i { position: absolute; display: none; box-sizing: content-box; margin: -3px; border: 3px solid; pointer-events: none;
  box-shadow: 0 0 0 1px #fff; }
"""
_component = st.components.v2.component(
    "alexnet.unit_atlas", html=HTML, css=CSS, js=(Path(__file__).parent / "unit_atlas.js").read_text(encoding="utf-8")
)


def unit_atlas(layer: Layer, maps: npt.NDArray[np.float32], *, selected: int, key: str) -> int | None:
    """Draw a layer's maps (units, height, width); returns the unit that was clicked, or None."""
    pixels, low, high = greys(maps)
    view = {"lows": low.tolist(), "highs": high.tolist(), "unitWord": t("atlas_unit", name=layer.name)}
    return _atlas(layer, pixels, view, selected, key)


def _atlas(layer: Layer, pixels: npt.NDArray[np.uint8], view: dict[str, object], selected: int, key: str) -> int | None:
    header = {
        "layer": layer.name,
        "height": pixels.shape[1],
        "width": pixels.shape[2],
        "selected": selected,
        "towers": [_tower(layer, tower) for tower in range(layer.towers)],
        "wholeWord": t("atlas_whole"),
        "perUnitWord": t("atlas_per_unit"),
        "silentWord": t("atlas_dead"),
        **view,
    }
    head = json.dumps(header).encode()
    result = _component(
        data=struct.pack("<I", len(head)) + head + np.ascontiguousarray(pixels).tobytes(),
        key=key,
        on_unit_change=lambda: None,
    )
    unit: int | None = result.get("unit")
    return unit


def _tower(layer: Layer, tower: int) -> dict[str, object]:
    units = layer.tower_units(tower)
    names = {"number": tower + 1, "first": units.start + 1, "last": units.stop}
    label = t("atlas_tower", **names) if layer.towers == 2 else t("atlas_one_tower", **names)
    return {
        "first": units.start,
        "count": units.stop - units.start,
        "label": label,
        "ariaLabel": t("atlas_label", name=layer.name, tower=label),
        "colour": GPU_COLOURS[tower] if layer.towers == 2 else BAR_COLOUR,
    }
