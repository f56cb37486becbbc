"""The page's pictures as PNG and SVG, and the page as one HTML file: made by the browser from what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import state
from app.text import t, template

HTML = """
<div class="take"><button class="page" type="button"></button><h3></h3><ul></ul><div class="none"></div></div>
"""
CSS = """
.take { font: 14px/20px var(--st-font); color: var(--st-text-color); }
h3 { font: 600 14px/20px var(--st-font); margin: 12px 0 4px; }
ul { list-style: none; margin: 0; padding: 0; max-height: 280px; overflow-y: auto; }
li { display: flex; gap: 8px; align-items: center; padding: 4px 0; }
li span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: 4px;
  padding: 2px 10px; min-height: 28px; cursor: pointer; }
:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: -2px; }
"""
_component = st.components.v2.component(
    "alexnet.take_away", html=HTML, css=CSS, js=(Path(__file__).parent / "take_away.js").read_text(encoding="utf-8")
)


def of_unit(layer: str, unit: int, of_picture: bool = False, where: str = "") -> DeltaGenerator:
    """A place for pictures of one unit, counted from 0; their captions name it, and the photograph if they are made from it.

    `where` tells it from another such place on the page.
    """
    return st.container(key=f"{'seen' if of_picture else 'of'}_{layer}_{unit + 1}_{where}")


def take_away(page: str, tables: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """List the page's pictures.

    Parameters
    ----------
    page : str
        Name of the page, as in its address.
    tables : mapping of key to rows
        What is in the tables that Streamlit paints, their titles first.
    """
    config = state.explorer().config
    words = {
        name: template(f"take_{name}") for name in ("page", "pictures", "none", "as_png", "as_svg", "link", "no_upload")
    }
    words |= {"unit": template("atlas_unit"), "unitOneTower": template("atlas_unit_one_tower"), "title": t("title")}
    data = {
        "page": page,
        "pageTitle": t(f"page_{page}"),
        "model": state.model_name(),
        "picture": state.picture().name,
        "tables": tables,
        "layers": {row.name: [row.units, row.towers] for row in config.layers},
        "words": words,
    }
    _component(data=data, key="take_away")
