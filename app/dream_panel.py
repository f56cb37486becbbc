"""What does a unit look for? Activation maximisation in the worker, with progress, and kept for all users."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import streamlit as st
from PIL import Image

from app import answers, state
from app.text import plain, said, t
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


def _keep(which: Unit, done: Preview) -> None:
    kept = _kept()
    kept[which] = done
    while len(kept) > MAX_KEPT:
        kept.popitem(last=False)


def dream_panel(layer: Layer, unit: int) -> None:
    """The finished picture, or the way to one."""
    which = (state.model_key(), _maximised(layer), unit)
    job = _jobs().get(which)
    if job and job.state == "done":  # also while the person looked elsewhere
        _keep(which, job.result)
    if which in _kept():
        _show(_kept()[which], layer, unit)
    elif job and job.state in ("waiting", "running"):
        _progress(which, layer, unit)
    else:
        st.caption(t("dream_how"))
        if job and job.error:
            st.error(plain(said(job.error)))
        elif job and job.state == "cancelled":
            st.caption(t("dream_cancelled"))
        st.button(t("dream_button"), key="dream_start", on_click=_start, args=(which,))


def _maximised(layer: Layer) -> str:
    """The layer whose unit is maximised: a norm or pool unit looks for what its convolution's does; prob's is fc8's."""
    rows = [row.name for row in state.explorer().config.layers if row.weight_shape]
    names = [row.name for row in state.explorer().config.layers]
    return [name for name in rows if names.index(name) <= names.index(layer.name)][-1]


def _jobs() -> dict[Unit, Job]:
    jobs: dict[Unit, Job] = st.session_state.setdefault("dreams", {})
    return jobs


def _start(which: Unit) -> None:
    _, layer, unit = which
    _jobs()[which] = answers.workshop().submit(state.model_path(), "maximise", layer=layer, unit=unit)


def _cancel(which: Unit) -> None:
    _jobs()[which].cancel()


@st.fragment(run_every=0.5)
def _progress(which: Unit, layer: Layer, unit: int) -> None:
    """How far it is; looks again twice a second."""
    job = _jobs()[which]
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
    own = float(np.max(answers.activations(intact=True)[_maximised(layer)][unit]))  # the worker knows no lesions
    st.caption(t("dream_caption", value=done.value, yours=own))


def _picture(shown: Preview, layer: Layer, unit: int) -> None:
    alt = t("dream_alt", name=_maximised(layer), number=unit + 1)
    smooth = Image.Resampling.NEAREST if len(shown.picture) < 32 else Image.Resampling.BICUBIC
    picture = Image.fromarray(shown.picture).resize((PICTURE_PX, PICTURE_PX), smooth)
    st.image(picture, output_format="PNG", width=PICTURE_PX, alt=alt)
