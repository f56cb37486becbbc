"""A picture set as points, drawn in the browser: turn it, filter it, select from it, see where a new picture lands."""

from __future__ import annotations

import base64
import hashlib
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
.picture { width: 120px; height: 120px; margin-bottom: 4px; }
.picture[hidden] { display: none; }
.picture img { display: block; width: 100%; height: 100%; }
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
<div class="card" hidden><div class="picture"></div><div class="says"></div></div></div><div class="legend"></div></div>
"""
FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "alexnet.map", html=HTML, css=CSS, js=(FOLDER / "map.js").read_text(encoding="utf-8")
)
_points = st.components.v2.component("alexnet.map_points", js=(FOLDER / "map_points.js").read_text(encoding="utf-8"))


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


@dataclass(frozen=True)
class Mine:
    """A visitor's own picture: its name, its address, and its place on the map."""

    label: str
    picture: str
    place: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """The picture that asks: where it lies, not a number for nowhere, and the rows to which lines lead."""

    place: npt.NDArray[np.float32]
    near: Sequence[int]


def point_map(
    positions: npt.NDArray[np.float32],
    colours: npt.NDArray[np.uint16],
    legend: Sequence[Kind] | Ramp,
    addresses: str,
    with_pictures: bool,
    asked: Asked,
    own: Sequence[Mine],
    key: str,
    on_query: Callable[[], None],
) -> None:
    """Draw the points. `on_query` reads `clicked`; after a selection the page runs again and reads `selected`.

    Parameters
    ----------
    positions : float32 ndarray of shape (n, 2 or 3)
        A point that is not a number has no place and is left out.
    colours : uint16 ndarray of shape (n,)
        A place in the legend, or 0..255 on its ramp.
    addresses : str
        Where the browser asks about a point, with ROW in the row's place: ROW.json, and ROW.webp if `with_pictures`.
    own : sequence of Mine
        Their rows follow the last point's.
    key : str
        Changes with the query.
    """
    points_key, points = _packed(positions, colours, legend, own)
    data = {
        "key": key,
        "points": points_key,
        "addresses": addresses,
        "lang": language(),
        "withPictures": with_pictures,
        "query": asked.place.tolist() if np.isfinite(asked.place).all() else None,
        "near": list(asked.near),
        "words": {name: t(f"map_{name}") for name in ("move", "box", "lasso", "fit", "alt", "all", "more", "less")},
    }
    with st.container(gap=None):
        _points(data=points, key=f"{KEY}_points")
        _component(data=data, key=KEY, on_query_change=on_query, on_selected_change=lambda: None)


def _packed(
    positions: npt.NDArray[np.float32],
    colours: npt.NDArray[np.uint16],
    legend: Sequence[Kind] | Ramp,
    own: Sequence[Mine],
) -> tuple[str, bytes]:
    """All that stays while the query changes, and its name; Streamlit does not send an element anew that is the same."""
    rows = placed(positions)
    low, high = positions[rows].min(0), positions[rows].max(0)
    mine = [i for i, one in enumerate(own) if np.isfinite(one.place).all()]
    places = np.concatenate([positions[rows], *(own[i].place[None] for i in mine)]).astype(np.float32)
    header = {
        "count": len(places),
        "placed": len(rows),
        "total": len(positions) + len(own),
        "dims": positions.shape[1],
        "middle": ((low + high) / 2).tolist(),
        "extent": float((high - low).max()) or 1.0,
        "kinds": [asdict(one) for one in legend] if not isinstance(legend, Ramp) else None,
        "ramp": asdict(legend) if isinstance(legend, Ramp) else None,
        "own": [{"label": own[i].label, "picture": own[i].picture} for i in mine],
    }
    numbers = np.concatenate([rows, len(positions) + np.array(mine, np.int64)]).astype(np.uint32)
    arrays = places, numbers, colours[rows].astype(np.uint16)
    key = hashlib.sha256(pack(header, *arrays)).hexdigest()[:16]
    return key, pack({**header, "key": key}, *arrays)


def placed(positions: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Rows of the points that have a place."""
    return np.flatnonzero(np.isfinite(positions).all(1))


def clicked() -> int | None:
    """The row that was clicked just now."""
    row = st.session_state[KEY].get("query")
    return None if row is None else int(row)


def selected(positions: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Rows of the points that are selected."""
    text: str = st.session_state.get(KEY, {}).get("selected") or ""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), bitorder="little")
    rows = placed(positions)
    return rows[np.flatnonzero(bits[: len(rows)])]
