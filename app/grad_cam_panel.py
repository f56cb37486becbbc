"""Grad-CAM: a class's gradient weighs the last convolution's maps. Computed by the workshop, in another process."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, state
from app.components.picture import cropped
from app.heat_map import heat_map
from app.text import class_word, plain, t
from app.worker_panel import Task, worker_panel
from model.explorer import Activations
from model.layers import Config, Layer

Beside = tuple[npt.NDArray[np.uint8], str]  # the crop that the map lies over, and the class


def grad_cam_panel(seen: Activations, class_index: int) -> None:
    """The map of one class, once it is asked for; it follows picture and class from then on."""
    st.markdown(f"**{t('cam_title')}**")
    state.show("cam", state.view().cam)
    if not st.toggle(t("cam_show"), key="cam", on_change=_take):
        st.caption(t("cam_how"))
        return
    wanted = (state.model_key(), answers.key(), class_index)
    asks = {"grad_cam": {"crop": seen.crop, "class_index": class_index, "gains": answers.gains()}}
    beside = cropped(state.edited_square(), state.crop_view()), seen.classes[class_index][1]
    worker_panel(Task("cam", wanted, asks, beside, _draw))


def _take() -> None:
    state.change(cam=st.session_state["cam"])


def last_convolution(config: Config) -> Layer:
    """conv5, or what stands in its place."""
    return config.layer.get("conv5") or [row for row in config.layers if row.kind == "conv"][-1]


def _draw(beside: Beside, results: tuple[npt.NDArray[np.float32]]) -> None:
    (pixels, name), (values,), layer = beside, results, last_convolution(state.explorer().config)
    first = layer.field_start_px + layer.field_px / 2
    picture = heat_map(pixels, values, first, layer.field_stride_px, lowest=0)
    st.image(picture, width="stretch", alt=t("cam_alt", name=class_word(name)))
    if not values.any():
        st.caption(t("cam_empty", layer=layer.name))
        return
    words = {"name": plain(class_word(name)), "layer": layer.name, "size": len(values), "most": float(values.max())}
    st.caption(t("cam_caption", **words))
