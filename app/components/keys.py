"""Keys that work on the whole page, and a sheet that lists them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.text import language, t

KEY = "keys"
ARROWS = ("←", "→", "↑", "↓")
EVERYWHERE = (
    (("Tab",), "keys_tab"), (("P",), "keys_present"), (("Space", "C"), "keys_webcam"), (("?",), "keys_help"),
)  # fmt: skip
OF_PAGE = {
    "explore": (
        (("←", "→"), "keys_layers"), (("Enter",), "keys_enter"), (ARROWS, "keys_units"), (ARROWS, "keys_places"),
        (("Esc",), "keys_back"),
    ),
    "kernels": ((ARROWS, "keys_kernels"),),
    "neighbours": ((ARROWS, "keys_map"), (("+", "-"), "keys_zoom"), (("Esc",), "keys_unselect")),
}  # fmt: skip
HTML = """
<div class="keys"><button class="ask" type="button" aria-haspopup="dialog">?</button>
<dialog aria-labelledby="keys-title"><h2 id="keys-title"></h2><dl></dl><button class="close" type="button"></button></dialog></div>
"""
CSS = """
.keys { font: 14px/20px var(--st-font); color: var(--st-text-color); }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px; cursor: pointer;
  min-height: 28px; padding: 2px 12px; }
.ask { min-width: 32px; min-height: 32px; padding: 0; font-weight: 600; border-radius: 50%; }
dialog { position: fixed; margin: 0; box-sizing: border-box; width: min(440px, calc(100vw / var(--zoom, 1) - 16px));
  max-height: calc(100vh / var(--zoom, 1) - 16px);
  overflow-y: auto; padding: 16px 20px; color: inherit; background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 6px; box-shadow: 0 8px 32px #0006; }
dialog::backdrop { background: #0003; }
h2 { margin: 0 0 12px; font: 600 17px/24px var(--st-font); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 10px 16px; margin: 0 0 16px; }
dt { display: flex; gap: 4px; align-items: start; }
dd { margin: 0; }
kbd { min-width: 14px; padding: 0 5px; text-align: center; font: inherit; border: 1px solid var(--st-border-color); border-radius: 4px;
  background: var(--st-secondary-background-color); }
:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: 2px; }
"""
_component = st.components.v2.component(
    "alexnet.keys", html=HTML, css=CSS, js=(Path(__file__).parent / "keys.js").read_text(encoding="utf-8")
)


def keys(page: str, is_presenting: bool, on_present: Callable[[], None]) -> None:
    """Listen to the keys of a page, and draw the button for help. `on_present` reads `wants_to_present`."""
    lines = [{"caps": caps, "says": t(key)} for caps, key in (*OF_PAGE.get(page, ()), *EVERYWHERE)]
    words = {"open": t("keys_open"), "title": t("keys_title"), "close": t("keys_close"), "skip": t("keys_skip")}
    data = {"words": words, "lines": lines, "isPresenting": is_presenting, "lang": language()}
    data["address"] = st.query_params.to_dict()  # so that the browser hears of a new one
    _component(data=data, key=KEY, width="content", on_present_change=on_present)


def wants_to_present() -> bool | None:
    """Whether a key just now asked to present or to leave; None for neither."""
    asked = st.session_state[KEY].get("present")
    return None if asked is None else asked == "in"
