"""What did the first layer learn to look for, on each GPU?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import state
from app.components.unit_atlas import kernel_atlas
from app.figures import enlarged, greys, kernel_pictures
from app.text import t


def main() -> None:
    """Figure 3, and one kernel of it."""
    st.subheader(t("kernels_title"))
    explorer = state.explorer()
    layer = explorer.config.layer["conv1"]
    kernels = np.concatenate(explorer.kernels("conv1"))
    st.caption(t("kernels_caption", units=layer.units, size=layer.window_px))
    choices = {"global": t("kernels_global"), "each": t("kernels_each")}
    contrast = st.segmented_control(
        t("kernels_contrast"), choices, default="global", required=True, format_func=choices.__getitem__, key="contrast",
        help=t("kernels_global_help"), persist_state="session",
    )  # fmt: skip
    pictures = kernel_pictures(kernels, each=contrast == "each")
    chosen: int = st.session_state.get("kernel", 0) % layer.units
    clicked = kernel_atlas(layer, pictures, selected=chosen, key="kernel_atlas")
    if clicked is not None and clicked < layer.units:
        chosen = st.session_state["kernel"] = clicked
    _kernel(chosen, kernels[chosen], pictures[chosen])


def _kernel(number: int, weights: np.ndarray, picture: np.ndarray) -> None:
    explorer = state.explorer()
    layer = explorer.config.layer["conv1"]
    gpu = int(number >= layer.tower_units(0).stop) + 1
    title = "kernel_title" if layer.towers == 2 else "kernel_title_one_tower"
    st.markdown(f"#### {t(title, number=number + 1, gpu=gpu)}")
    kernel_side, map_side = st.columns(2)
    with kernel_side:
        alt = t("kernel_alt", number=number + 1)
        st.image(enlarged(picture, 440), output_format="PNG", width="stretch", alt=alt)
        bias = float(explorer.weights["conv1.bias"][number])
        facts = {"count": weights.size, "low": float(weights.min()), "high": float(weights.max()), "bias": bias}
        st.caption(t("kernel_caption", **facts))
    with map_side:
        pixels, _, _ = greys(state.activations()["conv1"][number][None])
        alt = t("unit_map_alt", name="conv1", number=number + 1)
        st.image(enlarged(pixels[0], 440), output_format="PNG", width="stretch", alt=alt)
        st.caption(t("kernel_map_caption"))


main()
