"""Why are two pictures near? The units of fc7 that answer to both, and what else those answer to."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from app import galleries, state
from app.figures import BAR_COLOUR
from app.galleries import Query
from app.text import plain, t
from model.gallery.shared import shared_units
from model.gallery.store import Gallery

TOP_PICTURES = 6
CSS = f"""
.shared {{ display: grid; grid-template-columns: auto auto 64px 1fr; gap: 6px 12px; align-items: center; font-size: 13px;
  font-variant-numeric: tabular-nums; }}
.shared .bar {{ display: block; height: 8px; background: {BAR_COLOUR}; }}
.shared .top {{ display: flex; flex-wrap: wrap; gap: 4px; }}
.shared img {{ width: 48px; height: 48px; display: block; }}
@media (max-width: 639px) {{ .shared {{ grid-template-columns: auto auto 1fr; }} .shared .top {{ grid-column: 1 / -1; margin-bottom: 8px; }} }}
.shared .top span {{ border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 3px; padding: 1px 6px; }}
"""


def shared_panel(gallery: Gallery, query: Query) -> None:
    """Ten units that the query and one neighbour share most; at first the nearest."""
    near = galleries.nearest(gallery, query, "fc7", 1)
    row = state.view().why
    if row is None or row >= len(gallery.names) + len(galleries.own()) or _is_query(gallery, query, row):
        if not near:
            return
        row = near[0].row
    other = galleries.label(gallery, row)
    st.markdown(f"**{t('shared_title', one=plain(query.name), other=plain(other))}**")
    found = shared_units(query.features["fc7"], galleries.features(gallery, row)["fc7"])
    if not found:
        st.caption(t("shared_nothing"))
        return
    st.caption(t("shared_caption", count=len(found), share=sum(one.share for one in found)))
    rows = ""
    for one in found:
        rows += f"<span>{t('shared_unit', number=one.unit + 1)}</span>"
        rows += f"<span>{one.values[0]:.3g} × {one.values[1]:.3g}</span>"
        rows += f'<i class="bar" style="width: {100 * one.share / found[0].share:.1f}%"></i>'
        rows += f'<span class="top">{_top(gallery, one.unit)}</span>'
    st.html(f'<style>{CSS}</style><div class="shared">{rows}</div>')


def _is_query(gallery: Gallery, query: Query, row: int) -> bool:
    own = row - len(gallery.names)
    return row == query.row or (own >= 0 and galleries.own()[own].query.picture == query.picture)


def _top(gallery: Gallery, unit: int) -> str:
    """The pictures that drive a unit most; of those that there are none of, the classes."""
    addresses = {row: galleries.address(gallery, row) for row in gallery.top_rows("fc7", unit, TOP_PICTURES)}
    images = "".join(
        f'<img src="{address}" alt="{escape(galleries.label(gallery, row))}">'
        for row, address in addresses.items()
        if address
    )
    missing = [galleries.label(gallery, row) for row, address in addresses.items() if not address]
    return images + _classes(missing)


def _classes(labels: list[str]) -> str:
    names, counts = np.unique(labels, return_counts=True)
    ranked = sorted(zip(names, counts, strict=True), key=lambda pair: -pair[1])
    return "".join(f"<span>{escape(str(name))}{f' × {count}' if count > 1 else ''}</span>" for name, count in ranked)
