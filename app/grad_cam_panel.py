"""Grad-CAM: a class's gradient weighs the last convolution's maps. Computed by the workshop, in another process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, state
from app.components.picture import cropped
from app.figures import map_over_crop
from app.text import class_word, plain, said, t
from model.explorer import Activations
from model.layers import Config, Layer
from model.workshop import Job

PATIENCE_SECONDS = 0.5  # before the page shows that it waits
POLL_SECONDS = 0.3
MAX_KEPT = 50
Wanted = tuple[str, str, int]  # model's key, picture's key, class


@dataclass(frozen=True, eq=False)
class Finished:
    """A map, and the crop that it lies over."""

    values: npt.NDArray[np.float32]
    pixels: npt.NDArray[np.uint8]
    name: str


def grad_cam_panel(seen: Activations, class_index: int) -> None:
    """The map of one class, once it is asked for; it follows picture and class from then on."""
    st.markdown(f"**{t('cam_title')}**")
    if not st.toggle(t("cam_show"), key="cam", persist_state="session"):
        st.caption(t("cam_how"))
        return
    wanted = (state.model_key(), answers.key(), class_index)
    if wanted not in _kept():
        _ask(wanted, seen)
    waiting = wanted not in _kept() and _job(wanted).state in ("waiting", "running")
    st.fragment(_body, run_every=POLL_SECONDS if waiting else None)(wanted)


def last_convolution(config: Config) -> Layer:
    """conv5, or what stands in its place."""
    return config.layer.get("conv5") or [row for row in config.layers if row.kind == "conv"][-1]


def _kept() -> OrderedDict[Wanted, Finished]:
    """The finished maps of this session, the latest last."""
    kept: OrderedDict[Wanted, Finished] = st.session_state.setdefault("cams", OrderedDict())
    return kept


def _job(wanted: Wanted) -> Job:
    """The job of a map that was asked for."""
    job: Job = st.session_state["cam_job"][1]
    assert st.session_state["cam_job"][0] == wanted
    return job


def _ask(wanted: Wanted, seen: Activations) -> None:
    """Ask once for each map; what was asked for before is of no use any more."""
    asked: tuple[Wanted, Job] | None = st.session_state.get("cam_job")
    if asked is None or asked[0] != wanted:
        if asked and asked[1].state == "waiting":  # one that runs is soon over, and a new worker would cost seconds
            asked[1].cancel()
        job = answers.workshop().submit(
            state.model_path(), "grad_cam", crop=seen.crop, class_index=wanted[2], gains=answers.gains()
        )
        st.session_state["cam_job"] = (wanted, job)
        st.session_state["cam_over"] = cropped(state.edited_square(), state.crop_view()), seen.classes[wanted[2]][1]
        job.wait(PATIENCE_SECONDS)
    _take(wanted)


def _take(wanted: Wanted) -> None:
    job = _job(wanted)
    if job.state == "done":
        _kept()[wanted] = Finished(job.result, *st.session_state["cam_over"])
        while len(_kept()) > MAX_KEPT:
            _kept().popitem(last=False)


def _body(wanted: Wanted) -> None:
    if wanted in _kept():
        with st.container(key="cam_map"):
            _draw(_kept()[wanted])
        return
    job = _job(wanted)
    if job.state == "done":  # since the page was drawn
        _take(wanted)
        st.rerun()
    if job.state in ("waiting", "running"):
        st.caption(t("cam_wait"))
        st.button(t("cam_cancel"), key="cam_cancel", on_click=job.cancel)
    else:
        if job.state == "cancelled":
            st.caption(t("cam_cancelled"))
        else:
            st.error(t("cam_failed", reason=plain(said(job.error or ""))))
        if st.button(t("cam_again"), key="cam_again"):
            st.session_state["cam_job"] = None
            st.rerun()
    fitting = [one for one in _kept() if one[0] == wanted[0]]
    if fitting:
        st.caption(t("cam_stale"))
        with st.container(key="cam_stale"):
            _draw(_kept()[fitting[-1]])


def _draw(finished: Finished) -> None:
    values, layer = finished.values, last_convolution(state.explorer().config)
    first = layer.field_start_px + layer.field_px / 2
    picture = map_over_crop(finished.pixels, values, first, layer.field_stride_px, lowest=0)
    st.image(picture, output_format="PNG", width="stretch", alt=t("cam_alt", name=class_word(finished.name)))
    if not values.any():
        st.caption(t("cam_empty", layer=layer.name))
        return
    words = {
        "name": plain(class_word(finished.name)),
        "layer": layer.name,
        "size": len(values),
        "most": float(values.max()),
    }
    st.caption(t("cam_caption", **words))
