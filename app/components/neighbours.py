"""A query and its nearest pictures, a strip a feature space, as the paper's Figure 4; what several strips share is linked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from app.text import t, template

KEY = "neighbours"
CSS = """
.figure { position: relative; display: grid; grid-template-columns: 128px minmax(0, 1fr); gap: 4px 20px;
  color: var(--st-text-color); font: 13px/18px var(--st-font); font-variant-numeric: tabular-nums; }
.query { position: sticky; top: 64px; align-self: start; }
.query .tile { width: 128px; }
.query .back { margin-top: 8px; }
.strips { display: grid; gap: 14px; min-width: 0; }
.title { font-weight: 600; font-size: 15px; }
.note { opacity: .75; }
.tiles { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 4px; }
.tile { width: 92px; }
.sight { display: block; width: 100%; aspect-ratio: 1; padding: 0; border: 1px solid var(--st-border-color); border-radius: 3px;
  background: #8882; color: inherit; font: inherit; overflow: hidden; cursor: pointer; overflow-wrap: anywhere; }
.strips .sight:has(img):is(:hover, :focus-visible) { transform: scale(1.4); position: relative; z-index: 1; }
.sight img { display: block; width: 100%; height: 100%; object-fit: cover; }
.sight:focus-visible, .linked .sight { outline: 3px solid var(--st-text-color); outline-offset: 1px; }
.says { display: flex; align-items: center; justify-content: space-between; gap: 4px; }
.label { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.why, .back { font: inherit; color: inherit; background: none; border: 0; padding: 0; text-decoration: underline; cursor: pointer;
  min-width: 24px; min-height: 24px; }
svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
line { stroke: var(--st-text-color); stroke-width: 2; stroke-dasharray: 2 4; }
@media (max-width: 640px) { .figure { grid-template-columns: minmax(0, 1fr); } .query { position: static; } }
"""
_component = st.components.v2.component(
    "alexnet.neighbours",
    html='<div class="figure"><div class="query"></div><div class="strips"></div></div>',
    css=CSS,
    js=(Path(__file__).parent / "neighbours.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Tile:
    """One picture: its row in the gallery, and what is said of it."""

    row: int
    label: str
    distance: str
    alt: str
    picture: str
    """Address of its thumbnail; empty for none."""


@dataclass(frozen=True)
class Strip:
    """The nearest pictures in one feature space, nearest first."""

    name: str
    title: str
    note: str
    tiles: Sequence[Tile]


def neighbours(
    picture: str, label: str, is_row: bool, strips: Sequence[Strip], key: str, on_choice: Callable[[], None]
) -> None:
    """Draw the figure. `on_choice` reads what was clicked by `chosen`.

    Parameters
    ----------
    picture : str
        Address of the query's picture; empty for none.
    is_row : bool
        Whether the query is a picture of the gallery, from which there is a way back.
    key : str
        Changes with what is asked.
    """
    data = {
        "key": key,
        "picture": picture,
        "label": label,
        "isRow": is_row,
        "strips": [asdict(strip) for strip in strips],
        "words": {
            "why": t("neighbours_why_ask"),
            "back": t("neighbours_back"),
            "query": template("neighbours_query_alt"),
        },
    }
    _component(data=data, key=KEY, on_query_change=on_choice, on_why_change=on_choice)


def chosen() -> tuple[str, int] | None:
    """("query" or "why", row) that was clicked just now; row -1 is the picture in use."""
    for event in ("query", "why"):
        row = st.session_state[KEY].get(event)
        if row is not None:
            return event, int(row)
    return None
