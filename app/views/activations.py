"""What does every layer, and every unit of it, make of this picture?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import state
from app.components.unit_atlas import unit_atlas
from app.figures import bars, enlarged, greys, with_field_outlined
from app.text import t
from model.explorer import Activations
from model.layers import Layer

MAX_BARS = 20


def main() -> None:
    """A layer's atlas and the unit chosen in it."""
    st.subheader(t("activations_title"))
    layers = state.explorer().config.layer
    name = st.segmented_control(
        t("activations_layer"), list(layers), default="conv1", required=True, key="layer", bind="query-params",
        label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    layer, seen = layers[name or "conv1"], state.activations()
    if layer.name in ("fc8", "prob"):
        _classes(layer, seen)
        return
    maps = seen[layer.name].reshape(layer.units, layer.size_px, layer.size_px)
    st.caption(_caption(layer))
    strongest = int(maps.max((1, 2)).argmax())
    chosen: dict[str, int] = st.session_state.setdefault("units", {})
    clicked = unit_atlas(layer, maps, selected=chosen.get(layer.name, strongest), key=f"atlas_{layer.name}")
    if clicked is not None and clicked < layer.units:
        chosen[layer.name] = clicked
    _unit(layer, maps, chosen.get(layer.name, strongest))


def _caption(layer: Layer) -> str:
    if layer.kind == "fc":
        sentences = [t("activations_units", name=layer.name, units=layer.units)]
    else:
        facts = {"units": layer.units, "size": layer.size_px, "field": layer.field_px}
        sentences = [t("activations_maps", name=layer.name, **facts)]
    if layer.towers == 2:
        sentences.append(t("activations_towers"))
        if layer.reads_both:
            sentences.append(t("activations_reads_both"))
        elif layer.groups == 2:
            sentences.append(t("activations_reads_own"))
    return " ".join(sentences)


def _unit(layer: Layer, maps: np.ndarray, unit: int) -> None:
    gpu = int(unit >= layer.tower_units(0).stop) if layer.towers == 2 else 0
    title = "unit_title" if layer.towers == 2 else "unit_title_one_tower"
    st.markdown(f"#### {t(title, name=layer.name, number=unit + 1, gpu=gpu + 1)}")
    own = maps[unit]
    if layer.kind == "fc":
        rank = int((maps > own.max()).sum()) + 1
        st.write(t("unit_value", value=float(own.max()), rank=rank, units=layer.units))
        return
    pixels, low, high = greys(own[None])
    map_side, crop_side = st.columns(2)
    with map_side:
        picture = enlarged(pixels[0], 440)
        st.image(picture, output_format="PNG", width="stretch", alt=t("unit_map_alt", name=layer.name, number=unit + 1))
        st.caption(t("unit_map_caption", low=float(low[0]), high=float(high[0])))
    with crop_side:
        if own.max() <= 0:
            st.info(t("unit_silent"))
            return
        row, column = (int(place) for place in np.unravel_index(own.argmax(), own.shape))
        outlined = with_field_outlined(state.picture().square, layer, row, column, gpu)
        st.image(outlined, output_format="PNG", width="stretch", alt=t("unit_field_alt"))
        st.caption(t("unit_field_caption", high=float(own.max()), row=row + 1, column=column + 1))


def _classes(layer: Layer, seen: Activations) -> None:
    st.caption(t("activations_classes", name=layer.name))
    values = seen[layer.name]
    best = np.argsort(-values, kind="stable")[:MAX_BARS]
    names = [seen.classes[i][1] for i in best]
    texts = [f"{values[i]:.3f}" if layer.name == "prob" else f"{values[i]:.2f}" for i in best]
    figure = bars(names, [float(values[i]) for i in best], texts)
    st.plotly_chart(figure, key=f"classes_{layer.name}", config={"displayModeBar": False, "staticPlot": True})


main()
