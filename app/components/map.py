"""A picture set as points, drawn in the browser: turn it, filter it, select from it, see where a new picture lands."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.components.wire import pack
from app.text import language, t

KEY = "map"
CSS = """
.map { color: var(--st-text-color); font: 13px/18px var(--st-font); font-variant-numeric: tabular-nums; }
.bar { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 8px; align-items: center; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 10px; min-height: 28px; cursor: pointer; }
button[aria-pressed="true"] { background: var(--st-primary-color); color: var(--st-background-color); }
.view { position: relative; height: min(70vh, 560px); border: 1px solid var(--st-border-color); border-radius: 4px; overflow: hidden; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.over { touch-action: none; cursor: crosshair; }
.over:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: -2px; }
button:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: 2px; }
.card { position: absolute; pointer-events: none; width: 132px; padding: 6px; background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 4px; overflow-wrap: anywhere; }
.card[hidden] { display: none; }
.card img { display: block; width: 120px; height: 120px; margin-bottom: 4px; }
.card img[hidden] { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 6px; margin-top: 8px; max-height: 132px; overflow-y: auto; }
.legend button { display: flex; gap: 6px; align-items: center; padding: 0 8px; min-height: 24px; font-size: 12px; }
.legend button[aria-pressed="true"] { outline: 2px solid var(--st-text-color); background: none; color: inherit; }
.legend [hidden] { display: none; }
.swatch { width: 10px; height: 10px; border-radius: 50%; }
.ramp { width: 160px; height: 10px; }
"""
HTML = """
<div class="map"><div class="bar"></div>
<div class="view"><canvas class="points"></canvas><canvas class="over" tabindex="0" role="application" data-keys="Escape"></canvas>
<div class="card" hidden><img alt=""><div class="says"></div></div></div><div class="legend"></div></div>
"""
_component = st.components.v2.component(
    "alexnet.map", html=HTML, css=CSS, js=(Path(__file__).parent / "map.js").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Kind:
    """One kind of point in the legend: points whose colour number is this one's place in the list."""

    name: str
    colour: str
    count: int


@dataclass(frozen=True)
class Ramp:
    """A colour map in the legend: what 0 and 255 stand for."""

    colours: Sequence[str]
    low: str
    high: str


def point_map(
    positions: npt.NDArray[np.float32],
    colours: npt.NDArray[np.uint16],
    legend: Sequence[Kind] | Ramp,
    addresses: str,
    with_pictures: bool,
    query: npt.NDArray[np.float32],
    near: Sequence[int],
    key: str,
    on_query: Callable[[], None],
    on_selection: Callable[[], None],
) -> None:
    """Draw the points. `on_query` and `on_selection` read `clicked` and `selected`.

    Parameters
    ----------
    positions : float32 ndarray of shape (n, 2 or 3)
        A point that is not a number has no place and is left out.
    colours : uint16 ndarray of shape (n,)
        A place in the legend, or 0..255 on its ramp.
    addresses : str
        Where the browser asks about a point, with ROW in the row's place: ROW.json, and ROW.webp if `with_pictures`.
    query : ndarray of shape (2 or 3,)
        Where the picture that asks lies; not a number for nowhere.
    near : sequence of int
        Rows of its neighbours, to which lines lead.
    key : str
        Changes with the query.
    """
    places = np.isfinite(positions).all(1)
    low, high = positions[places].min(0), positions[places].max(0)
    header = {
        "key": key,
        "count": len(positions),
        "dims": positions.shape[1],
        "middle": ((low + high) / 2).tolist(),
        "extent": float((high - low).max()) or 1.0,
        "kinds": [asdict(one) for one in legend] if not isinstance(legend, Ramp) else None,
        "ramp": asdict(legend) if isinstance(legend, Ramp) else None,
        "addresses": addresses,
        "lang": language(),
        "withPictures": with_pictures,
        "query": query.tolist() if np.isfinite(query).all() else None,
        "near": list(near),
        "words": {name: t(f"map_{name}") for name in ("move", "box", "lasso", "fit", "alt", "all", "more", "less")},
    }
    _component(
        data=pack(header, positions.astype(np.float32), colours.astype(np.uint16)),
        key=KEY,
        on_query_change=on_query,
        on_selected_change=on_selection,
    )


def clicked() -> int | None:
    """The row that was clicked just now."""
    row = st.session_state[KEY].get("query")
    return None if row is None else int(row)


def selected(count: int) -> npt.NDArray[np.int64]:
    """Rows that are selected, of `count` points."""
    text: str = st.session_state.get(KEY, {}).get("selected") or ""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), bitorder="little")
    rows = np.flatnonzero(bits)
    return rows[rows < count]
