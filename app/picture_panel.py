"""The picture in use and where another comes from, the model, the lesions; beside every page."""

from __future__ import annotations

import binascii
from dataclasses import replace

import streamlit as st

from app import answers, state
from app.components import picture, webcam
from app.lesion_panel import lesion_panel
from app.samples import FILES
from app.text import plain, said, t


def photograph() -> None:
    """Draw the picture in use, and what went wrong with another."""
    try:
        _canvas()
    except ValueError as reason:  # there is no model to look with
        st.error(plain(said(str(reason))))
        return
    explorer = state.explorer()
    caption = t("picture_caption", name=plain(state.picture().name), crop=explorer.config.crop_px)
    if state.is_softened():
        caption += " " + t("picture_softened", detail=explorer.info.detail_px)
    st.caption(caption)
    if state.picture_missing():
        st.info(t("picture_missing"))
    if error := st.session_state.get("picture_error"):
        st.error(f"{plain(error)} {t('picture_kept')}")


def picture_panel() -> None:
    """Below the photograph: where another comes from, the model, how fast it was, and lesions."""
    _sources()
    try:
        _model_choice()
        with st.container(key="foot"):
            if not state.view().present:
                _status()
            lesion_panel()
    except ValueError:  # no model: where the photograph would be it says so
        return


def _canvas() -> None:
    shown = state.picture()
    picture.picture_canvas(
        shown.square, state.crop_view(), state.view().edits, state.mean_colour(), shown.name, shown.key,
        answers.key(intact=True), on_paint=_paint, on_file=_take_dropped,
    )  # fmt: skip


def _sources() -> None:
    with st.container(key="sources"):  # presenting hides them
        source = _files()
    if source == "webcam":
        webcam.webcam(_take_shot)


def _files() -> str:
    sources = {source: t(f"source_{source}") for source in ("upload", "sample", "webcam")}
    source: str = st.segmented_control(
        t("picture_source"), sources, default="upload", required=True, format_func=sources.__getitem__,
        key="source", label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    if source == "sample":
        state.show("sample", state.view().sample or None)
        st.pills(
            t("picture_sample"), list(FILES), format_func=lambda name: t(f"sample_{name}"), key="sample",
            on_change=_take_sample, label_visibility="collapsed",
        )  # fmt: skip
    elif source == "upload":
        with st.container(key="upload"):
            # A new box after each file: a browser would run the whole script without the old file before it sends the next.
            box = f"upload_{st.session_state.get('num_uploads', 0)}"
            st.file_uploader(t("picture_upload"), key=box, on_change=_take_file, args=(box,))
    return source


def _take_sample() -> None:
    if name := st.session_state["sample"]:
        state.choose_sample(name)
        st.session_state["picture_error"] = None


def _take_file(box: str) -> None:
    if file := st.session_state.get(box):
        _take(file.name, file.getvalue())
        st.session_state["num_uploads"] = st.session_state.get("num_uploads", 0) + 1


def _take_shot() -> None:
    try:
        if taken := webcam.shot():
            _take(t("webcam_name"), taken)
    except (binascii.Error, KeyError):
        st.session_state["picture_error"] = t("webcam_failed")


def _take_dropped() -> None:
    try:
        if file := picture.dropped():
            _take(*file)
    except (binascii.Error, KeyError):
        st.session_state["picture_error"] = t("picture_drop_failed")
    except ValueError as reason:
        st.session_state["picture_error"] = str(reason)


def _take(name: str, data: bytes) -> None:
    st.session_state["picture_error"] = None
    try:
        state.choose(name, data)
    except ValueError as reason:
        st.session_state["picture_error"] = said(str(reason))


def _paint() -> None:
    try:
        state.change(edits=replace(state.view().edits, paint=picture.painted()))
    except ValueError as reason:
        st.session_state["picture_error"] = said(str(reason))


def _model_choice() -> None:
    names = list(state.model_paths())
    if len(names) > 1:
        key = f"model_choice_{state.page()}"  # a page's own: what a page opens on is no choice that the browser made
        index = 0
        if key in st.session_state:
            st.session_state[key] = state.model_name()
        else:  # not the first name, which a browser that is slow to hear otherwise would send back as a choice
            index = names.index(state.model_name())
        st.selectbox(t("model_choice"), names, index, key=key, on_change=state.while_shown(_take_model), args=(key,))
        if state.view().model not in names and state.model_name() != names[0]:
            st.caption(t("model_opens", name=plain(state.model_name())))


def _take_model(key: str) -> None:
    state.use_model(st.session_state[key])


def _status() -> None:
    seen = answers.activations()
    st.caption(t("status", name=plain(state.model_name()), device=said(seen.device), **seen.milliseconds))
