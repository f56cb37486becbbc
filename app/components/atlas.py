"""Every unit of a layer as one picture a GPU; drawn in the browser from what the net component brought there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.colors
import streamlit as st

from app.text import t, template
from model.layers import Config, Layer

KEY = "atlas"
HTML = """
<div class="atlas">
  <div class="whole">
    <div class="head"><h3 class="title"></h3><span class="reads"></span></div>
    <div class="controls"><button class="range" type="button"></button><button class="sort" type="button"></button><button
      class="colour" type="button"></button></div>
    <div class="towers"></div>
    <ol class="classes"></ol>
    <button class="more" type="button"></button>
    <p class="scale"><span class="ramp"></span><span class="range-of"></span></p>
    <p class="legend"></p>
  </div>
  <div class="card"><h4></h4><canvas></canvas><div class="lines" role="status"></div><button class="mute" type="button"></button></div>
  <div class="other" hidden><span class="says" role="status"></span><button type="button"></button></div>
</div>
"""
CSS = """
.atlas { display: flex; gap: 16px; flex-wrap: wrap; font: 14px var(--st-font); color: var(--st-text-color);
  font-variant-numeric: tabular-nums; }
.whole { flex: 1 1 280px; min-width: 0; }
.head { display: flex; gap: 4px 12px; align-items: baseline; flex-wrap: wrap; }
h3 { font-size: 20px; font-weight: 600; margin: 0; }
h4 { font-size: 16px; font-weight: 600; margin: 0 0 8px; }
.reads { opacity: .8; }
.controls { display: flex; gap: 8px; flex-wrap: wrap; margin: 8px 0; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 10px; min-height: 28px; cursor: pointer; }
.towers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); gap: 16px; }
.towers[hidden], .controls[hidden], .card[hidden], .other[hidden], .scale[hidden], .more[hidden] { display: none; }
.legend, .scale { margin: 8px 0 0; }
.legend, .range-of { opacity: .8; }
.scale { display: flex; gap: 8px; align-items: center; }
.ramp { flex: 0 0 64px; height: 12px; border: 1px solid var(--st-border-color); }
.legend:empty, .classes:empty { display: none; }
.other { flex: 1 0 100%; display: flex; gap: 4px 12px; align-items: center; flex-wrap: wrap; }
.other .says { font-weight: 600; }
.card { flex: 0 0 224px; }
.card canvas { width: 220px; image-rendering: pixelated; cursor: crosshair; display: block; }
.card canvas[hidden] { display: none; }
.lines { white-space: pre-line; margin: 8px 0; line-height: 20px; min-height: 80px; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; border-bottom: 3px solid; margin-bottom: 8px; padding-bottom: 4px; }
.frame { position: relative; }
.maps { display: block; width: 100%; image-rendering: pixelated; cursor: pointer; background: #8888; }
i { position: absolute; box-sizing: content-box; margin: -3px; border: 3px solid; pointer-events: none; box-shadow: 0 0 0 1px #fff; }
.classes { list-style: none; margin: 8px 0 0; padding: 0; }
.choice { display: flex; gap: 8px; align-items: center; line-height: 24px; width: 100%; min-height: 0; padding: 0; border: 0;
  border-radius: 0; text-align: left; }
.choice:hover, .choice[aria-pressed="true"] { background: var(--st-secondary-background-color); }
.choice[aria-pressed="true"] { font-weight: 600; }
.class { flex: 0 0 40%; text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { flex: 1; }
.fill { display: block; height: 14px; background: #7f8c8d; }
.number { flex: 0 0 56px; }
:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; }
"""
_component = st.components.v2.component(
    "alexnet.atlas", html=HTML, css=CSS, js=(Path(__file__).parent / "atlas.js").read_text(encoding="utf-8")
)
GREY = [[0, 0, 0], [255, 255, 255]]


def atlas(config: Config, on_view: Callable[[], None], on_mute: Callable[[], None]) -> None:
    """Draw the layer that is looked at. `on_view` and `on_mute` read `chosen` and `asked_to_mute`."""
    ramps = {"grey": GREY, "viridis": _ramp("Viridis"), "magma": _ramp("Magma")}
    keys = ("maps", "units", "unit", "unit_one_tower", "tower", "one_tower", "label", "silent", "at", "about", "rank",
            "field", "whole", "per_unit", "numbered", "sorted", "mute_unit", "heal_unit", "legend_silent", "legend_muted",
            "scale_own", "scale_signed", "scale_whole", "classes_all", "classes_fewer",
            "other", "other_show")  # fmt: skip
    words: dict[str, Any] = {key: template(f"atlas_{key}") for key in keys}
    words["class"] = template("unit_class")
    words["places"] = t("keys_places_label")
    words["ramps"] = {name: t(f"atlas_ramp_{name}") for name in ramps}
    words["reads"] = {row.name: _reads(config, row) for row in config.layers}
    _component(data={"words": words, "ramps": ramps}, key=KEY, on_view_change=on_view, on_mute_change=on_mute)


def chosen() -> dict[str, Any]:
    """What a click chose: layer, unit (from 0), row and column; all but the layer may be None. From now on it is `heard`."""
    view: dict[str, Any] = st.session_state[KEY]["view"]
    st.session_state["atlas_heard"] = int(view["turn"])
    return view


def heard() -> int:
    """How many choices the server has heard of; see atlas.js."""
    turn: int = st.session_state.get("atlas_heard", 0)
    return turn


def asked_to_mute() -> tuple[str, float] | None:
    """The unit that a button asked to mute or heal, and how far."""
    asked: dict[str, Any] | None = st.session_state[KEY].get("mute")
    return (str(asked["target"]), float(asked["amount"])) if asked else None


def _reads(config: Config, row: Layer) -> str:
    """Where a layer's values come from, in a sentence."""
    if row.towers == 1 or config.towers == 1:
        return ""
    if row.reads_both:
        return t("atlas_reads_both")
    return t("atlas_reads_own") if row.groups == 2 else ""


def _ramp(name: str) -> list[list[int]]:
    """A colour scale of plotly's as a few RGB triples."""
    return [list(map(int, plotly.colors.hex_to_rgb(colour))) for colour in getattr(plotly.colors.sequential, name)]
