"""One unit of the layer that is open: why has it this value here, and what does it look for?"""

from __future__ import annotations

from html import escape

import streamlit as st
from PIL import Image

from app import galleries, state
from app.components.window import window_panel
from app.dream_panel import dream_panel
from app.figures import centre_crop
from app.kernel_figures import colour_of
from app.text import class_word, plain, t
from app.why_here_panel import seen_by, why_here_panel
from model.explorer import Activations
from model.gallery.store import Gallery
from model.gallery.strongest import STRONGEST, Strong
from model.layers import SQUARE_PX, Layer

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
.liked .whole {{ position: relative; }}
.liked i {{ position: absolute; box-sizing: border-box; border: 2px solid; pointer-events: none; }}
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
    """The pictures of the gallery that drive the unit most: what it sees of each, or the class of one that is not there."""
    gallery = galleries.gallery()
    found = gallery.strongest_of("fc8" if layer.name == "prob" else layer.name, unit) if gallery else None
    if gallery is None or found is None:
        st.info(t("likes_none"))
        return
    if not found:
        st.info(t("likes_silent", count=len(gallery.names)))
        return
    facts = {"count": len(gallery.names), "name": plain(galleries.title(galleries.name()))}
    if not gallery.about["source"]:
        _liked_whole(gallery, found, layer, int(unit >= layer.tower_units(0).stop))
        st.caption(t("likes_caption_frame" if layer.size_px > 1 else "likes_caption_whole", **facts))
        return
    with st.container(horizontal=True, gap="small"):
        for number, one in enumerate(found, 1):
            with st.container(width=LIKED_PX):
                label = galleries.label(gallery, one.index)
                alt = t("likes_alt", number=number, label=label)
                st.image(_liked(gallery, one, layer), output_format="PNG", width=LIKED_PX, alt=alt)
                st.caption(f"{plain(label)}  \n{one.value:.4g}")
    st.caption(t("likes_caption", **facts))


def _liked_whole(gallery: Gallery, found: tuple[Strong, ...], layer: Layer, tower: int) -> None:
    """The same from a gallery that came with a model: the classes, of some pictures a thumbnail, and a frame around what the unit sees."""
    tiles = ""
    for number, one in enumerate(found, 1):
        label, address = escape(galleries.label(gallery, one.index)), galleries.address(gallery, one.index)
        alt = t("likes_alt", number=number, label=label)
        frame = _frame(layer, one, colour_of(layer, tower)) if layer.size_px > 1 else ""
        value = f"{one.value:#.3g}" if one.value < 1000 else f"{one.value:,.0f}"
        inside, words = ("", f"{label}<br>") if address or frame else (label, "")
        sight = f'<img src="{address}" alt="{alt}">' if address else f'<span class="sight">{inside}</span>'
        tiles += f'<figure><div class="whole">{sight}{frame}</div><figcaption>{words}{value}</figcaption></figure>'
    st.html(f'<style>{CSS}</style><div class="liked">{tiles}</div>')


def _frame(layer: Layer, one: Strong, colour: str) -> str:
    """Around what a value sees of the square, in percent of its side."""
    margin = (SQUARE_PX - layer.crop_px) // 2
    rows, columns = seen_by(layer, (one.row, one.column))
    share = {"top": rows.start + margin, "left": columns.start + margin,
             "height": rows.stop - rows.start, "width": columns.stop - columns.start}  # fmt: skip
    places = "; ".join(f"{side}: {100 * px / SQUARE_PX:.2f}%" for side, px in share.items())
    return f'<i style="{places}; border-color: {colour}"></i>'


def _liked(gallery: Gallery, one: Strong, layer: Layer) -> Image.Image:
    """A picture of the gallery, cropped to the receptive field of its strongest value."""
    crop = centre_crop(gallery.square(one.index), layer.crop_px)
    rows, columns = seen_by(layer, (one.row, one.column))
    return Image.fromarray(crop[rows, columns]).resize((2 * LIKED_PX, 2 * LIKED_PX), Image.Resampling.NEAREST)
