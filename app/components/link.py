"""The page's address, as the browser has it, in a field with a button that copies it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.text import t

HTML = '<div class="link"><input class="address" readonly><button class="copy" type="button"></button></div>'
CSS = """
.link { display: flex; gap: 8px; font: 14px var(--st-font); color: var(--st-text-color); }
input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: 4px; padding: 4px 8px; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 10px; min-height: 28px; cursor: pointer; white-space: nowrap; }
"""
_component = st.components.v2.component(
    "alexnet.link", html=HTML, css=CSS, js=(Path(__file__).parent / "link.js").read_text(encoding="utf-8")
)


def link() -> None:
    """Draw the field; the address in it follows what is looked at."""
    words = {name: t(f"link_{name}") for name in ("label", "copy", "copied")}
    _component(data={"words": words}, key="link")
