"""The paper's Figure 4, right: the pictures that a network finds most alike, in each feature space."""

from __future__ import annotations

import base64
import io

import streamlit as st
from PIL import Image

from app import answers, galleries, state
from app.components.neighbours import Strip, Tile, chosen, neighbours
from app.components.picture import cropped
from app.galleries import LAYERS, Query
from app.text import t
from app.view import MAX_NEIGHBOURS
from model.gallery.search import Neighbour
from model.gallery.shared import overlap
from model.gallery.store import Gallery

QUERY_PX = 128


def neighbours_panel(gallery: Gallery, query: Query) -> None:
    """The query, how many neighbours, and a strip a space."""
    caption = t("neighbours_caption", count=len(gallery.names), units=gallery.features["fc7"].shape[1])
    st.caption(f"{caption} {t('neighbours_compare')}" if "pixels" in gallery.features else caption)
    state.show("neighbours_k", state.view().k)
    st.slider(t("neighbours_k"), 1, MAX_NEIGHBOURS, key="neighbours_k", on_change=_take_k, width=320)
    layers = [layer for layer in LAYERS if layer in gallery.features] + ["codes"]
    found = {layer: galleries.nearest(gallery, query, layer, state.view().k) for layer in layers}
    strips = [_strip(gallery, layer, found) for layer in layers]
    picture = _own_picture() if query.row is None else galleries.address(gallery, query.row)
    neighbours(
        picture, query.name, query.row is not None, strips, f"{galleries.key_of(gallery)} {query.key}", _take_choice
    )
    if answers.gains():
        st.caption(t("neighbours_intact" if query.is_intact else "neighbours_wounded"))
    if query.row is None:
        kept, full = galleries.is_kept(query), len(galleries.own()) >= galleries.MAX_OWN
        st.button(
            t("neighbours_keep"), help=t("neighbours_keep_help"), on_click=galleries.keep, args=(query, picture),
            disabled=kept or full,
        )  # fmt: skip
        says = [t("neighbours_kept")] if kept else [t("neighbours_full", most=galleries.MAX_OWN)] if full else []
        if galleries.own():
            st.caption(" ".join([*says, t("neighbours_own", count=len(galleries.own()), most=galleries.MAX_OWN)]))
    if len(layers) < len(LAYERS) + 1:
        st.caption(
            t("neighbours_only_fc7") if state.is_shared() else f"{t('neighbours_only_fc7')} {t('neighbours_build')}"
        )


def _strip(gallery: Gallery, layer: str, found: dict[str, tuple[Neighbour, ...]]) -> Strip:
    key = "neighbours_bits" if layer == "codes" else "neighbours_distance"
    units = gallery.encoders["fc7"].bits if layer == "codes" else gallery.features[layer].shape[1]
    tiles = []
    for number, one in enumerate(found[layer], 1):
        name, distance = galleries.label(gallery, one.row), t(key, distance=one.distance)
        alt = t("neighbours_alt", number=number, space=t(f"space_{layer}_short"), label=name, distance=distance)
        tiles.append(Tile(one.row, name, distance, alt, galleries.address(gallery, one.row)))
    return Strip(layer, t(f"space_{layer}", units=units), _note(gallery, layer, found), tiles)


def _note(gallery: Gallery, layer: str, found: dict[str, tuple[Neighbour, ...]]) -> str:
    """How far a strip agrees with fc7's."""
    if layer == "fc7":
        return t("neighbours_first")
    rows, first = ([one.row for one in found[name]] for name in (layer, "fc7"))
    share = overlap(first, rows)
    return t("neighbours_overlap", shared=round(share * len(first)), k=len(first), share=share)


def _own_picture() -> str:
    """The picture in use as an address of its own."""
    file = io.BytesIO()
    crop = Image.fromarray(cropped(state.edited_square(), state.crop_view()))
    crop.resize((QUERY_PX, QUERY_PX), Image.Resampling.BILINEAR).save(file, "WEBP", quality=85, method=0)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _take_k() -> None:
    state.change(k=st.session_state["neighbours_k"])


def _take_choice() -> None:
    match chosen():
        case "query", -1:
            state.change(query=None, why=None)
        case "query", row:
            state.change(query=row, why=None)
        case "why", row:
            state.change(why=row)
