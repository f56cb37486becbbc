"""What the network makes of what is looked at: computed once for everybody who looks at the same."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.state import crop_view, edited_square, explorer, mean_colour, model_key, model_path, picture, softened, view
from model import preprocess
from model.explorer import Activations, Explorer, TenCrops
from model.gains import Gains
from model.layer_times import layer_milliseconds
from model.workshop import Workshop

INFERENCE = threading.BoundedSemaphore(2)  # pictures at once; ONNX Runtime uses all cores for each


@st.cache_resource(max_entries=32, ttl=3600, show_spinner=False)
def _run(
    keys: tuple[str, str], _explorer: Explorer, _square: npt.NDArray[np.uint8], _gains: Gains, _view: preprocess.View
) -> Activations:
    with INFERENCE:
        return _explorer.run(_square, _gains, _view)


@st.cache_resource(max_entries=64, ttl=3600, show_spinner=False)
def _run_ten_crops(
    keys: tuple[str, str], _explorer: Explorer, _square: npt.NDArray[np.uint8], _gains: Gains, _view: preprocess.View
) -> TenCrops:
    with INFERENCE:
        return _explorer.run_ten_crops(_square, _gains, _view.colour)


def key(intact: bool = False, edited: bool = True) -> str:
    """A word that changes with whatever the network's answer depends on, but for the model."""
    told: list[Any] = [[] if intact else sorted(view().lesions.amounts.items())]  # nothing muted is intact
    if edited and view().edits:
        told += [view().edits, crop_view(), mean_colour().tolist()]  # paint and colours are those of the model in use
    return hashlib.sha256(f"{picture().key} {told}".encode()).hexdigest()[:16]


def gains(intact: bool = False, model: str = "") -> Gains:
    """The lesions as `Explorer.run` takes them; none if `intact`."""
    return {} if intact else view().lesions.gains(explorer(model).config)


def activations(intact: bool = False, model: str = "", edited: bool = True) -> Activations:
    """All activations of the picture in use, computed once; without lesions if `intact`, without edits, of another model."""
    square, crop = edited_square(model), crop_view(model)
    if not edited:
        square, crop = softened(picture().square, model), preprocess.centre(explorer(model).config.crop_px)
    keys = (model_key(model), key(intact, edited))
    return _run(keys, explorer(model), square, gains(intact, model), crop)


def of_square(key: str, square: npt.NDArray[np.uint8], crop: preprocess.View) -> Activations:
    """All activations of another picture than the one in use, with the lesions; `key` names picture and lesions."""
    return _run((model_key(), key), explorer(), square, gains(), crop)


def ten_crops() -> TenCrops:
    """Ten crops of the picture in use with its edits and lesions, computed once."""
    return _run_ten_crops((model_key(), key()), explorer(), edited_square(), gains(), crop_view())


def layer_and_unit(seen: Activations) -> tuple[str, int, tuple[int, int]]:
    """The layer, unit and place in use; the strongest where none was chosen."""
    chosen = view().fitting(explorer().config)
    maps = np.atleast_3d(seen[chosen.layer]).reshape(len(seen[chosen.layer]), -1)
    unit = int(maps.max(1).argmax()) if chosen.unit is None else chosen.unit
    size = explorer().config.layer[chosen.layer].size_px
    row, column = divmod(int(maps[unit].argmax()), size)
    return chosen.layer, unit, chosen.place or (row, column)


# Gradients, from the worker process


@st.cache_resource(show_spinner=False)
def workshop() -> Workshop:
    """What computes gradients, in a process of its own; one for all users. It starts with its first job."""
    return Workshop()


@st.cache_resource(max_entries=8, show_spinner=False)
def _layer_times(model: str, path: str, _explorer: Explorer) -> dict[str, float]:
    with INFERENCE:
        return layer_milliseconds(_explorer, path)


def layer_times(name: str = "") -> dict[str, float]:
    """Milliseconds by layer on this machine, measured once a model."""
    return _layer_times(model_key(name), str(model_path(name)), explorer(name))
