"""One unit of the layer that is open: why has it this value here, and what does it look for?"""

from __future__ import annotations

from html import escape

import streamlit as st
from PIL import Image

from app import galleries, state
from app.components.window import window_panel
from app.dream_panel import dream_panel
from app.figures import centre_crop
from app.text import class_word, plain, t
from app.why_here_panel import seen_by, why_here_panel
from model.explorer import Activations
from model.gallery.store import Gallery
from model.gallery.strongest import STRONGEST, Strong
from model.layers import Layer

TABS = ("numbers", "why", "likes", "dream")
LIKED_PX = 96
CSS = f"""
.liked {{ display: grid; grid-template-columns: repeat({STRONGEST}, minmax(0, {LIKED_PX}px)); gap: 8px 12px; font-size: 13px;
  font-variant-numeric: tabular-nums; }}
@media (max-width: 1099px) {{ .liked {{ grid-template-columns: repeat(3, minmax(0, {LIKED_PX}px)); }} }}
.liked figure {{ margin: 0; }}
.liked :is(img, .sight) {{ width: 100%; aspect-ratio: 1; display: flex; align-items: center; justify-content: center; }}
.liked .sight {{ text-align: center; padding: 4px; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  border-radius: 3px; background: #8882; overflow-wrap: anywhere; }}
.liked figcaption {{ opacity: .8; }}
"""


def unit_panel(seen: Activations, layer: Layer, unit: int, place: tuple[int, int]) -> None:
    """Title and tabs of one unit."""
    gpu = int(unit >= layer.tower_units(0).stop) if layer.towers == 2 else 0
    if layer.name in ("fc8", "prob"):
        st.subheader(t("unit_class", name=layer.name, of=plain(class_word(seen.classes[unit][1]))))
    else:
        title = "unit_title" if layer.towers == 2 else "unit_title_one_tower"
        st.subheader(t(title, name=layer.name, number=unit + 1, gpu=gpu + 1))
    state.show("unit_tab", state.view().tab if state.view().tab in TABS else TABS[0])
    tab = st.segmented_control(
        t("unit_tabs"), TABS, required=True, format_func=lambda name: t(f"unit_tab_{name}"), key="unit_tab",
        on_change=_take_tab, label_visibility="collapsed",
    )  # fmt: skip
    match tab:
        case "why":
            why_here_panel(seen, layer, unit, place)
        case "likes":
            _likes(layer, unit)
        case "dream":
            dream_panel(layer, unit)
        case _:
            gains = state.view().lesions.gains(state.explorer().config)
            below = window_panel(state.explorer(), seen, layer.name, unit, *place, gains=gains, key="window")
            if below:  # the person asked to see one of the values that this one is made of
                state.change(layer=below.layer, unit=below.unit, place=(below.row, below.column))
                st.rerun()


def _take_tab() -> None:
    tab = st.session_state["unit_tab"]
    state.change(tab="" if tab == TABS[0] else tab)


def _likes(layer: Layer, unit: int) -> None:
    """The pictures of the gallery that drive the unit most, cropped to what it sees."""
    gallery = galleries.gallery()
    if gallery is not None and gallery.strongest is None and layer.name in gallery.features:
        _liked_whole(gallery, layer, unit)
        return
    if gallery is None or gallery.strongest is None:
        st.info(t("likes_none"))
        return
    found = gallery.strongest.of("fc8" if layer.name == "prob" else layer.name, unit)
    if not found:
        st.info(t("likes_silent", count=len(gallery.names)))
        return
    with st.container(horizontal=True, gap="small"):
        for number, one in enumerate(found, 1):
            with st.container(width=LIKED_PX):
                label = galleries.label(gallery, one.index)
                alt = t("likes_alt", number=number, label=label)
                st.image(_liked(gallery, one, layer), output_format="PNG", width=LIKED_PX, alt=alt)
                st.caption(f"{plain(label)}  \n{one.value:.4g}")
    st.caption(t("likes_caption", count=len(gallery.names), name=plain(galleries.title(galleries.name()))))


def _liked_whole(gallery: Gallery, layer: Layer, unit: int) -> None:
    """The same from a gallery that came with a model: it keeps what fc7 made of each picture, and of some a thumbnail."""
    rows = gallery.top_rows(layer.name, unit, STRONGEST)
    if not rows:
        st.info(t("likes_silent", count=len(gallery.names)))
        return
    tiles = ""
    for number, row in enumerate(rows, 1):
        label, address = escape(galleries.label(gallery, row)), galleries.address(gallery, row)
        alt = t("likes_alt", number=number, label=label)
        sight = f'<img src="{address}" alt="{alt}">' if address else f'<span class="sight">{label}</span>'
        words = f"{label}<br>" if address else ""
        value = float(gallery.features[layer.name][row, unit])
        tiles += f"<figure>{sight}<figcaption>{words}{value:#.3g}</figcaption></figure>"
    st.html(f'<style>{CSS}</style><div class="liked">{tiles}</div>')
    st.caption(t("likes_caption_whole", count=len(gallery.names), name=plain(galleries.title(galleries.name()))))


def _liked(gallery: Gallery, one: Strong, layer: Layer) -> Image.Image:
    """A picture of the gallery, cropped to the receptive field of its strongest value."""
    crop = centre_crop(gallery.square(one.index), layer.crop_px)
    rows, columns = seen_by(layer, (one.row, one.column))
    return Image.fromarray(crop[rows, columns]).resize((2 * LIKED_PX, 2 * LIKED_PX), Image.Resampling.NEAREST)
