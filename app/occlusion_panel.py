"""Occlusion: hide one patch after the other, and see what a class hangs on. Computed once for all classes."""

from __future__ import annotations

from collections import OrderedDict

import streamlit as st

from app import answers, state
from app.components.picture import cropped
from app.figures import probability_text
from app.heat_map import heat_map
from app.occlusion_job import Finished, Job, Wanted
from app.text import class_word, plain, said, t
from model.explorer import Activations
from model.occlusion import occlude, patch_starts

PATCHES_PX = (16, 32, 48, 64)
STRIDES_PX = (8, 16)
POLL_SECONDS = 0.3
MAX_KEPT = 6  # at most 2.5 MB each, with 1000 classes and 25 x 25 places


def occlusion_panel(seen: Activations, class_index: int) -> None:
    """Choice of the patch, the button or the progress, and the last map there is."""
    st.markdown(f"**{t('occlusion_title')}**")
    with st.container(horizontal=True):
        patch = st.selectbox(
            t("occlusion_patch"), PATCHES_PX, index=1, format_func=_px, key="occlusion_patch", persist_state="session"
        )
        stride = st.selectbox(
            t("occlusion_stride"), STRIDES_PX, index=1, format_func=_px, key="occlusion_stride", persist_state="session"
        )
    wanted = Wanted(state.model_key(), answers.key(), patch, stride)
    under_way = _job() is not None
    st.fragment(_body, run_every=POLL_SECONDS if under_way else None)(seen, class_index, wanted)


def _px(pixels: int) -> str:
    return t("occlusion_px", px=pixels)


def _job() -> Job | None:
    job: Job | None = st.session_state.get("occlusion_job")
    return job


def _kept() -> OrderedDict[Wanted, Finished]:
    """The finished maps of this session, the latest last."""
    kept: OrderedDict[Wanted, Finished] = st.session_state.setdefault("occlusions", OrderedDict())
    return kept


def _body(seen: Activations, class_index: int, wanted: Wanted) -> None:
    job = _job()
    if job and job.is_over:
        _take(job)
        st.rerun()
    if job:
        text = t("occlusion_progress", done=job.done, places=job.places, left=job.seconds_left)
        st.progress(job.done / job.places, text=text)
        st.button(t("occlusion_cancel"), key="occlusion_cancel", on_click=job.cancel)
    elif wanted not in _kept():
        places = len(patch_starts(wanted.patch_px, wanted.stride_px, len(seen.crop[0]))) ** 2
        st.caption(t("occlusion_how", places=places, seconds=max(1, places * seen.milliseconds["forward"] / 1e3)))
        if st.button(t("occlusion_start"), key="occlusion_start"):
            _start(seen, wanted, places)
            st.rerun()  # the whole page: from now on this part draws itself again and again
    if error := st.session_state.get("occlusion_error"):
        st.error(plain(said(error)))
    _draw_last(seen, class_index, wanted)


def _start(seen: Activations, wanted: Wanted, places: int) -> None:
    st.session_state["occlusion_error"] = ""
    explorer, gains, pixels = state.explorer(), answers.gains(), cropped(state.edited_square(), state.crop_view())

    def work(job: Job) -> Finished | None:
        patch, stride = wanted.patch_px, wanted.stride_px
        made = occlude(explorer, seen.crop, gains, patch, stride, job.go_on, answers.INFERENCE)
        return Finished(made, pixels, seen["prob"]) if made else None

    job = Job(wanted, places)
    st.session_state["occlusion_job"] = job
    job.start(work)


def _take(job: Job) -> None:
    st.session_state["occlusion_job"] = None
    st.session_state["occlusion_error"] = job.error
    if job.finished:
        _kept()[job.wanted] = job.finished
        while len(_kept()) > MAX_KEPT:
            _kept().popitem(last=False)


def _draw_last(seen: Activations, class_index: int, wanted: Wanted) -> None:
    """The map that is wanted; else the last one of this model, tinted."""
    kept = _kept()
    fitting = [one for one in kept if one.model_key == wanted.model_key]
    if wanted in kept:
        with st.container(key="occlusion_map"):
            _draw(kept[wanted], class_index, seen.classes[class_index][1])
    elif fitting:
        st.caption(t("occlusion_stale"))
        with st.container(key="occlusion_stale"):
            _draw(kept[fitting[-1]], class_index, seen.classes[class_index][1])


def _draw(finished: Finished, class_index: int, name: str) -> None:
    made = finished.occlusion
    values = made.probabilities[:, :, class_index]
    picture = heat_map(finished.pixels, -values, made.first_px, made.stride_px)
    st.image(picture, width="stretch", alt=t("occlusion_alt", name=class_word(name)))
    least, most, unhidden = (
        probability_text(float(one)) for one in (values.min(), values.max(), finished.unhidden[class_index])
    )
    words = {
        "name": plain(class_word(name)),
        "patch": made.patch_px,
        "least": least,
        "most": most,
        "unhidden": unhidden,
    }
    st.caption(t("occlusion_caption", **words))
    if values.max() < 0.01:
        st.caption(t("occlusion_tiny"))
