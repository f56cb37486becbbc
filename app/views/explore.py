"""The instrument: what the network sees, where it holds it, and why; the net, a layer, a unit."""

from __future__ import annotations

import streamlit as st

from app import answers, state
from app.components import atlas, net
from app.components.take_away import of_unit
from app.text import t
from app.unit_panel import unit_panel
from model.layer_times import PASSES

OF_PICTURE = ("", "numbers", "why")  # tabs whose pictures are made from the one in use


def main() -> None:
    """The net, the layer that is open in it, the unit that is chosen in the layer; the frame has drawn the top five."""
    opened = state.explorer()
    seen = answers.activations()
    layer, unit, place = answers.layer_and_unit(seen)
    shown = state.view().fitting(opened.config)
    key = f"{state.model_key()} {answers.key()}"
    net.net(opened.config, seen, shown, (layer, unit, place), key, atlas.heard(), answers.layer_times(), _mute_tower)
    st.caption(t("net_caption" if opened.config.towers == 2 else "net_caption_one_tower", passes=PASSES))
    atlas.atlas(opened.config, _look, _mute_unit)
    with st.container(key="unit_panel"), of_unit(layer, unit, of_picture=shown.tab in OF_PICTURE):
        unit_panel(seen, opened.config.layer[layer], unit, place)


def _look() -> None:
    """What was clicked in the atlas becomes the unit in use."""
    chosen = atlas.chosen()
    place = None if chosen["row"] is None else (int(chosen["row"]), int(chosen["column"]))
    unit = None if chosen["unit"] is None else int(chosen["unit"])  # None after a step back to the layer
    state.change(layer=str(chosen["layer"]), unit=unit, place=place)


def _mute_tower() -> None:
    if asked := net.asked_to_mute():
        state.mute(*asked)


def _mute_unit() -> None:
    """Mute the unit that the card shows, which stays the unit in use, though it is not the strongest any more."""
    if asked := atlas.asked_to_mute():
        layer, _, number = asked[0].partition(".")
        unit = int(number) - 1
        if (layer, unit) != (state.view().layer, state.view().unit):
            state.change(layer=layer, unit=unit, place=None)
        state.mute(*asked)


main()
