"""What does a unit look for? Activation maximisation in the worker, with progress, and kept for all users."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import streamlit as st

from app import state
from app.figures import enlarged
from app.text import plain, t
from model.layers import Layer
from model.messages import Preview
from model.workshop import Job

PICTURE_PX = 330
MAX_KEPT = 256
Unit = tuple[str, str, int]


@st.cache_resource(show_spinner=False)
def _kept() -> OrderedDict[Unit, Preview]:
    """Finished pictures, by model, layer and unit."""
    return OrderedDict()


def dream_panel(layer: Layer, unit: int) -> None:
    """The finished picture, or the way to one."""
    name = "fc8" if layer.name == "prob" else layer.name
    which = (state.model_key(), name, unit)
    job = _jobs().get(which)
    if which in _kept():
        _show(_kept()[which], layer, unit)
    elif job and job.state in ("waiting", "running"):
        _progress(which, layer, unit)
    else:
        st.caption(t("dream_how"))
        if job and job.error:
            st.error(plain(job.error))
        elif job and job.state == "cancelled":
            st.caption(t("dream_cancelled"))
        st.button(t("dream_button"), key="dream_start", on_click=_start, args=(which,))


def _jobs() -> dict[Unit, Job]:
    jobs: dict[Unit, Job] = st.session_state.setdefault("dreams", {})
    return jobs


def _start(which: Unit) -> None:
    _, layer, unit = which
    _jobs()[which] = state.workshop().submit(state.model_path(), "maximise", layer=layer, unit=unit)


def _cancel(which: Unit) -> None:
    _jobs()[which].cancel()


@st.fragment(run_every=0.5)
def _progress(which: Unit, layer: Layer, unit: int) -> None:
    """How far it is; looks again twice a second."""
    job = _jobs()[which]
    if job.state == "done":
        kept = _kept()
        kept[which] = job.result
        while len(kept) > MAX_KEPT:
            kept.popitem(last=False)
    if job.state not in ("waiting", "running"):
        st.rerun()
    step, steps = job.progress
    latest = job.latest
    words = t("dream_progress", step=step, steps=steps, value=latest.value) if latest else t("dream_waiting")
    st.progress(step / steps, words)
    st.button(t("dream_cancel"), key="dream_cancel", on_click=_cancel, args=(which,))
    if latest:
        _picture(latest, layer, unit)


def _show(done: Preview, layer: Layer, unit: int) -> None:
    _picture(done, layer, unit)
    own = float(np.max(state.activations()["fc8" if layer.name == "prob" else layer.name][unit]))
    st.caption(t("dream_caption", value=done.value, yours=own))


def _picture(shown: Preview, layer: Layer, unit: int) -> None:
    alt = t("dream_alt", name=layer.name, number=unit + 1)
    st.image(enlarged(shown.picture, PICTURE_PX), output_format="PNG", width=PICTURE_PX, alt=alt)
