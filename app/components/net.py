"""The net as the map: the paper's Figure 2, live. It also hands everything the network computed to the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.components.wire import pack
from app.figures import GPU_COLOURS, greys, short
from app.text import class_word, template
from app.view import CROSS_TALK, TOWERS, View
from model.explorer import Activations
from model.layers import Config, Layer

KEY = "net"
CSS = """
.scroll { overflow-x: auto; scroll-snap-type: x proximity; color: var(--st-text-color); font: 12px var(--st-font);
  font-variant-numeric: tabular-nums; scrollbar-width: thin; }
.scroll.more-left { --left: 48px; }
.scroll.more-right { --right: 48px; }
.scroll { mask-image: linear-gradient(to right, transparent, #000 var(--left, 0px) calc(100% - var(--right, 0px)), transparent); }
.net { position: relative; }
svg { position: absolute; inset: 0; pointer-events: none; }
svg text { font: 11px var(--st-font); fill: currentColor; text-anchor: middle; paint-order: stroke;
  stroke: var(--st-background-color); stroke-width: 4px; }
button { font: inherit; color: inherit; cursor: pointer; }
.box { position: absolute; scroll-snap-align: center; padding: 0; background: #8882; border: 2px solid; border-radius: 3px; overflow: hidden; }
.box canvas { display: block; width: 100%; height: 100%; image-rendering: pixelated; }
.box[aria-pressed="true"] { outline: 3px solid var(--st-text-color); outline-offset: 1px; }
.name, .facts { position: absolute; text-align: center; white-space: pre; line-height: 15px; }
.name { font-weight: 600; background: none; border: 0; padding: 0; font-size: 13px; }
.facts { opacity: .8; font-size: 11px; }
.facts.labels { text-align: left; }
.gpu { position: absolute; left: 0; width: 66px; font-weight: 700; font-size: 14px; }
.gpu span { border-bottom: 3px solid; }
.mute { display: block; margin-top: 6px; min-height: 24px; background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: 4px; padding: 2px 6px; font-weight: 400; font-size: 12px; }
.mute[aria-pressed="true"] { background: var(--st-text-color); color: var(--st-background-color); }
.cut { position: absolute; margin: 0; }
:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 3px; }
.scroll:focus-visible { outline-offset: -3px; }
"""
FOLDER = Path(__file__).parent
_seen = st.components.v2.component("alexnet.net_seen", js=(FOLDER / "net_seen.js").read_text(encoding="utf-8"))
_component = st.components.v2.component(
    "alexnet.net",
    html='<div class="scroll" tabindex="0" role="group"><div class="net"></div></div>',
    css=CSS,
    js=(FOLDER / "net.js").read_text(encoding="utf-8"),
)


def net(
    config: Config,
    seen: Activations,
    view: View,
    panel: tuple[str, int, tuple[int, int]],
    key: str,
    heard: int,
    times: Mapping[str, float],
    on_mute: Callable[[], None],
) -> None:
    """Draw the network with what its layers hold; all activations in 8 bits go along, once a forward pass.

    Parameters
    ----------
    panel : layer, unit and (row, column)
        What the server's own panels show.
    key : str
        Changes with what is computed.
    heard : int
        The number of the latest choice that the server knows of (`atlas.heard`).
    times : mapping
        Milliseconds by layer.
    """
    pixels, lows, highs, peaks = _bytes(config, seen)
    layers, offset, first = [], 0, 0
    for row in config.layers:
        crossing = config.crossing_bytes.get(row.name, 0)
        layers.append({**_layer(row, times), "crossBytes": crossing, "offset": offset, "first": first})
        offset, first = offset + row.num_values, first + row.units
    header = {
        "key": key,
        "layers": layers,
        "towers": config.towers,
        "colours": GPU_COLOURS,
        "crop": config.crop_px,
        "muted": view.lesions.muted(config),
        "amounts": {**dict.fromkeys((*TOWERS, CROSS_TALK), 0), **view.lesions.amounts},
        "classes": [class_word(name) for _, name in seen.classes],
        "values": {name: seen[name].tolist() for name in ("fc8", "prob")},
        "words": _words(config),
    }  # fmt: skip
    looked_at = {
        "key": key,
        "heard": heard,
        "view": {"layer": view.layer, "unit": view.unit, "row": (view.place or (None,))[0], "column": (view.place or (0, None))[1]},
        "panel": {"layer": panel[0], "unit": panel[1], "row": panel[2][0], "column": panel[2][1]},
    }  # fmt: skip
    with st.container(gap=None):
        _seen(data=pack(header, lows, highs, peaks, pixels, seen.square[::4, ::4]), key=f"{KEY}_seen")
        _component(data=looked_at, key=KEY, on_mute_change=on_mute)


def asked_to_mute() -> tuple[str, float] | None:
    """The target and amount that a button in the drawing asked for."""
    asked: dict[str, Any] | None = st.session_state[KEY].get("mute")
    return (str(asked["target"]), float(asked["amount"])) if asked else None


def _bytes(config: Config, seen: Activations) -> tuple[npt.NDArray[Any], ...]:
    """All activations, layer by layer, each unit in 8 bits over its own range; the ranges; where the strongest are."""
    maps = [seen[row.name].reshape(row.units, row.size_px, row.size_px) for row in config.layers]
    pixels, lows, highs = zip(*map(greys, maps), strict=True)
    peaks = [one.reshape(len(one), -1).argmax(1) for one in maps]
    flat = np.concatenate([part.reshape(-1) for part in pixels])
    return flat, np.concatenate(lows), np.concatenate(highs), np.concatenate(peaks).astype(np.uint32)


def _layer(row: Layer, times: Mapping[str, float]) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "units": row.units,
        "size": row.size_px,
        "towers": row.towers,
        "field": {"px": row.field_px, "stride": row.field_stride_px, "start": row.field_start_px},
        "gained": row.weight_shape is not None and row.name != "fc8",
        "facts": "\n".join(
            (
                f"{row.units}" if row.size_px == 1 else f"{row.units} x {row.size_px}²",
                short(row.num_parameters),
                short(row.num_macs),
                f"{times[row.name]:.2f}",
            )
        ),
    }


def _words(config: Config) -> dict[str, str]:
    keys = (
        "net_image",
        "net_open",
        "net_mute",
        "net_muted",
        "net_cut",
        "net_cut_done",
        "net_traffic",
        "net_alt",
        "net_facts",
    )
    words = {key.removeprefix("net_"): template(key) for key in keys}
    return words if config.towers == 2 else {**words, "alt": template("net_alt_one_tower")}
