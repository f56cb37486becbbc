"""What in the picture drives one value: the patch it sees, deconvnet, guided backpropagation. The worker computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, state
from app.components.picture import cropped
from app.figures import enlarged, signed
from app.text import t
from app.worker_panel import Task, worker_panel
from model.explorer import Activations
from model.layers import Layer

METHODS = ("deconvnet", "guided_backprop")
PATCH_PX = 220
Beside = tuple[npt.NDArray[np.uint8], slice, slice]  # the crop; rows and columns that the value sees


def why_here_panel(seen: Activations, layer: Layer, unit: int, place: tuple[int, int]) -> None:
    """The three pictures of a unit's value at a place."""
    silent = float(seen[layer.name].reshape(layer.units, -1)[unit].max()) <= 0 and layer.name not in ("fc8", "prob")
    if silent:
        st.info(t("why_silent"))
        return
    name, at = "fc8" if layer.name == "prob" else layer.name, place if layer.size_px > 1 else None
    told: dict[str, Any] = {"crop": seen.crop, "gains": answers.gains(), "layer": name, "unit": unit, "place": at}
    wanted = (state.model_key(), answers.key(), name, unit, at)
    beside = cropped(state.edited_square(), state.crop_view()), *seen_by(layer, place)
    worker_panel(Task("why", wanted, dict.fromkeys(METHODS, told), beside, _draw))


def seen_by(layer: Layer, place: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the crop that a value sees."""
    top, left, bottom, right = layer.field(*place)
    return slice(top, bottom), slice(left, right)


def _draw(beside: Beside, results: tuple[npt.NDArray[np.float32], ...]) -> None:
    photograph, rows, columns = beside
    pictures = {"patch": photograph, **{method: signed(one) for method, one in zip(METHODS, results, strict=True)}}
    with st.container(horizontal=True, gap="medium"):
        for name, picture in pictures.items():
            with st.container(width=PATCH_PX):
                shown = enlarged(picture[rows, columns], PATCH_PX)
                st.image(shown, output_format="PNG", width=PATCH_PX, alt=t(f"why_{name}_alt"))
                st.caption(t(f"why_{name}"))
    st.caption(t("why_caption"))
