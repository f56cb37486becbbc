"""The picture in use and where another comes from; beside every page."""

from __future__ import annotations

import streamlit as st

from app import state
from app.figures import with_crop_outlined
from app.samples import FILES
from app.text import plain, t


def picture_panel() -> None:
    """Draw the picture, the ways to change it, and what the model made of it how fast."""
    error = st.session_state.get("picture_error")
    shown = state.picture()
    state.keep_address()
    st.image(
        with_crop_outlined(shown.square), width="stretch", output_format="PNG", alt=t("picture_alt", name=shown.name)
    )
    st.caption(t("picture_caption", name=plain(shown.name)))
    if error:
        st.error(f"{plain(error)} {t('picture_kept')}")
    sources = {source: t(f"source_{source}") for source in ("upload", "sample", "webcam")}
    source = st.segmented_control(
        t("picture_source"), sources, default="upload", required=True, format_func=sources.__getitem__,
        key="source", label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    if source == "sample":
        st.pills(
            t("picture_sample"), list(FILES), format_func=lambda name: t(f"sample_{name}"), key="sample",
            on_change=_take_sample, label_visibility="collapsed",
        )  # fmt: skip
    elif source == "webcam":
        st.camera_input(t("picture_webcam"), key="webcam", on_change=_take_file, args=("webcam",))
    else:
        st.file_uploader(t("picture_upload"), key="upload", on_change=_take_file, args=("upload",))
    _model_choice()
    _status()


def _take_sample() -> None:
    if name := st.session_state["sample"]:
        state.choose_sample(name)
        st.session_state["picture_error"] = None


def _take_file(widget: str) -> None:
    file = st.session_state[widget]
    st.session_state["picture_error"] = None
    if file is None:  # the user took it out of the box; the picture stays
        return
    try:
        state.choose(t("picture_webcam_name") if widget == "webcam" else file.name, file.getvalue())
    except ValueError as reason:
        st.session_state["picture_error"] = str(reason)


def _model_choice() -> None:
    if len(names := list(state.model_paths())) > 1:
        st.selectbox(t("model_choice"), names, key="model")


def _status() -> None:
    try:
        seen = state.activations()
    except ValueError as reason:
        st.error(plain(str(reason)))
        return
    st.caption(t("status", name=plain(state.model_name()), device=seen.device, **seen.milliseconds))
