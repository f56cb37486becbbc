"""The webcam as a source that stays on: each press of a button or a key brings the frame that is shown."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.text import t

KEY = "webcam"
WORDS = (
    "webcam_take", "webcam_alt", "webcam_hint", "webcam_waiting", "webcam_insecure", "webcam_refused", "webcam_none",
    "webcam_busy", "webcam_failed",
)  # fmt: skip
HTML = """
<div class="webcam"><video muted playsinline hidden></video>
<div class="bar"><button type="button" disabled></button><span class="says" role="status"></span></div></div>
"""
CSS = """
.webcam { font: 14px/20px var(--st-font); color: var(--st-text-color); }
video { display: block; width: 100%; max-width: 420px; margin: 0 auto 8px; background: #888; }
video[hidden] { display: none; }
.bar { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 12px; min-height: 32px; cursor: pointer; }
button:disabled { opacity: .4; cursor: default; }
button:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: 2px; }
"""
_component = st.components.v2.component(
    "alexnet.webcam", html=HTML, css=CSS, js=(Path(__file__).parent / "webcam.js").read_text(encoding="utf-8")
)


def webcam(on_shot: Callable[[], None]) -> None:
    """Show what the camera sees. `on_shot` reads what was taken by `shot`."""
    words = {key.removeprefix("webcam_"): t(key) for key in WORDS}
    _component(data={"words": words}, key=KEY, on_shot_change=on_shot)


def shot() -> bytes | None:
    """The frame that was taken just now, a JPEG.

    Raises
    ------
    binascii.Error
        When it is not what the browser should have sent.
    """
    taken: dict[str, str] | None = st.session_state[KEY].get("shot")
    return base64.b64decode(taken["bytes"], validate=True) if taken else None
