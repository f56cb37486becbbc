"""The instrument: what the network sees, where it holds it, and why; the net, a layer, a unit."""

from __future__ import annotations

import streamlit as st

from app import state
from app.bars import top_bars
from app.components import atlas, net
from app.text import t
from app.unit_panel import unit_panel
from model.explorer import Activations, Prediction


def main() -> None:
    """Top-5, the net, the layer that is open in it, the unit that is chosen in the layer."""
    opened = state.explorer()
    seen = state.activations()
    _top_five(seen)
    layer, unit, place = state.layer_and_unit(seen)
    shown = state.view().fitting(opened.config)
    key = f"{state.model_key()} {state.key()}"
    net.net(opened.config, seen, shown, (layer, unit, place), key, state.layer_times(), _mute_tower)
    st.caption(t("net_caption"))
    atlas.atlas(opened.config, _look, _mute_unit)
    with st.container(key="unit_panel"):
        unit_panel(seen, opened.config.layer[layer], unit, place)


def _top_five(seen: Activations) -> None:
    best: tuple[Prediction, ...] = seen.top(5)
    before: tuple[Prediction, ...] = ()
    if state.view().lesions:
        intact = state.activations(intact=True)
        best, before = _both(seen, intact)
    with st.container(key="top5"):
        st.html(top_bars(best, before, t("predict_bars_alt", names=", ".join(one.name for one in best))))
    st.caption(t("top_caption_lesion" if before else "top_caption", num_classes=len(seen.classes)))


def _both(seen: Activations, intact: Activations) -> tuple[tuple[Prediction, ...], tuple[Prediction, ...]]:
    """The classes that are in either top five, as they are now and as they were."""
    now, was = ({one.class_id: one for one in every.top(len(every.classes))} for every in (seen, intact))
    classes = dict.fromkeys(one.class_id for every in (intact, seen) for one in every.top(5))
    ordered = sorted(classes, key=lambda name: -max(now[name].probability, was[name].probability))
    return tuple(now[name] for name in ordered), tuple(was[name] for name in ordered)


def _look() -> None:
    """What was clicked in the atlas becomes the unit in use."""
    chosen = atlas.chosen()
    place = None if chosen["row"] is None else (int(chosen["row"]), int(chosen["column"]))
    state.change(layer=str(chosen["layer"]), unit=int(chosen["unit"]), place=place)


def _mute_tower() -> None:
    if asked := net.asked_to_mute():
        state.mute(*asked)


def _mute_unit() -> None:
    if asked := atlas.asked_to_mute():
        state.mute(*asked)


main()
