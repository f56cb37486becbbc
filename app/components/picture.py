"""The photograph as a canvas: crop, receptive field, a unit's map over it, paint; takes files dropped anywhere, and pasted ones."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.components.wire import pack
from app.text import t
from app.view import Edits
from model.layers import SQUARE_PX
from model.preprocess import View

KEY = "picture_canvas"
LARGEST_BYTES = 2**20 * int(st.get_option("server.maxUploadSize"))  # of a dropped file, as of an uploaded one
HTML = """
<div class="picture">
  <div class="holder"><div class="frame"><canvas class="square" width="256" height="256" role="img"></canvas><canvas class="over"></canvas></div></div>
  <div class="bar">
    <button class="paint" type="button"></button>
    <span class="tools"><input class="brush" type="range" min="4" max="48" value="14"><button class="undo-paint" type="button"></button><button class="clear" type="button"></button></span>
    <button class="map" type="button" hidden></button>
  </div>
  <div class="sign" popover="manual"></div>
</div>
"""
CSS = """
.holder { max-width: 420px; aspect-ratio: 1; margin: 0 auto; }
@media (max-width: 639px) { .holder { max-width: 240px; } }
.frame { position: relative; height: 100%; }
.frame.floating { position: fixed; z-index: 100; top: 8px; right: 8px; width: 144px; height: 144px; pointer-events: none;
  border: 2px solid var(--st-background-color); box-shadow: 0 1px 8px #0008; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.bar, .tools { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
.bar { margin-top: 8px; font: 14px var(--st-font); color: var(--st-text-color); }
.tools[hidden] { display: none; }
.brush { width: 72px; height: 24px; accent-color: var(--st-primary-color); }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 10px; min-height: 28px; cursor: pointer; }
button[aria-pressed="true"] { background: var(--st-primary-color); color: var(--st-background-color); }
button:focus-visible, .brush:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: 2px; }
button:disabled { opacity: .4; cursor: default; }
.sign { position: fixed; inset: 8px; width: auto; height: auto; margin: 0; box-sizing: border-box; pointer-events: none;
  border: 3px dashed var(--st-primary-color); border-radius: 12px; color: var(--st-text-color);
  background: color-mix(in srgb, var(--st-background-color) 80%, transparent); font: 600 22px/30px var(--st-font); padding: 16px; }
.sign:popover-open { display: grid; place-items: center; text-align: center; }
"""
_component = st.components.v2.component(
    "alexnet.picture", html=HTML, css=CSS, js=(Path(__file__).parent / "picture.js").read_text(encoding="utf-8")
)


def displayed(square: npt.NDArray[np.uint8], crop: View) -> npt.NDArray[np.uint8]:
    """The square as the network gets it: colours shifted (clipped to what a screen shows), mirrored."""
    shown = np.clip(square + np.asarray(crop.colour), 0, 255).round().astype(np.uint8) if any(crop.colour) else square
    return shown[:, ::-1] if crop.mirror else shown


def cropped(square: npt.NDArray[np.uint8], crop: View) -> npt.NDArray[np.uint8]:
    """What the network sees of the square, as a screen can show it, uint8 (224, 224, 3) or of the view's size."""
    return displayed(square[crop.row : crop.row + crop.crop_px, crop.column : crop.column + crop.crop_px], crop)


def picture_canvas(
    square: npt.NDArray[np.uint8],
    crop: View,
    edits: Edits,
    paint_colour: npt.NDArray[np.uint8],
    name: str,
    picture: str,
    key: str,
    on_paint: Callable[[], None],
    on_file: Callable[[], None],
) -> None:
    """Draw a square, uint8 (256, 256, 3), before paint. `on_paint` and `on_file` read what came by `painted`, `dropped`.

    `picture` changes with the picture, and strokes on another one cannot be undone; `key` changes with its edits too.
    """
    red, green, blue = paint_colour.tolist()
    header = {
        "key": key,
        "picture": picture,
        "row": crop.row,
        "crop": crop.crop_px,
        "column": SQUARE_PX - crop.crop_px - crop.column if crop.mirror else crop.column,
        "mirror": crop.mirror,
        "largest": LARGEST_BYTES,
        "paint": base64.b64encode(edits.paint).decode(),
        "heard": _sent().get("number", 0),
        "paintColour": f"rgb({red} {green} {blue})",
        "words": {
            "alt": t("picture_alt", name=name),
            "map": t("picture_map"),
            "paint": t("picture_paint"),
            "undo": t("undo"),
            "clear": t("picture_clear"),
            "drop": t("picture_drop"),
            "brush": t("picture_brush"),
        },
    }
    data = pack(header, displayed(square, crop))
    _component(data=data, key=KEY, on_paint_change=on_paint, on_file_change=on_file)


def _sent() -> dict[str, Any]:
    """What the browser sent of paint, and as which number; answers say the number, so that older ones are known as such."""
    return st.session_state.get(KEY, {}).get("paint") or {}


def painted() -> bytes:
    """The bits of what was painted, or nothing."""
    bits = base64.b64decode(_sent().get("bits", ""), validate=True)
    if len(bits) not in (0, SQUARE_PX**2 // 8):
        raise ValueError(t("picture_paint_failed"))
    return bits


def dropped() -> tuple[str, bytes] | None:
    """Name and bytes of a file that was dropped on the page, or pasted.

    Raises
    ------
    ValueError
        When it is too large, and was left where it is: a sentence.
    """
    file: dict[str, str] | None = st.session_state[KEY].get("file")
    if file and "size" in file:
        raise ValueError(t("picture_drop_large", name=file["name"], megabytes=LARGEST_BYTES >> 20))
    return (file["name"], base64.b64decode(file["bytes"])) if file else None
