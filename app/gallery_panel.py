"""Which gallery, how to make one, and how to see the pictures of one that came without."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import streamlit as st

from app import galleries, state
from app.command_job import CommandJob
from app.tables import table
from app.text import plain, said, t
from model.gallery.store import Gallery, thumbnails_path

POLL_SECONDS = 0.5
FEWEST, MOST = 6, 2_000_000


def gallery_panel(gallery: Gallery | None) -> None:
    """Choice, work under way, forms."""
    names = list(galleries.paths())
    if len(names) > 1:
        st.session_state["gallery_choice"] = galleries.name()
        st.selectbox(
            t("gallery_choice"), names, key="gallery_choice", on_change=_take_choice, format_func=galleries.title
        )
    if gallery and gallery.rejected:
        with st.expander(t("gallery_rejected", count=len(gallery.rejected))):
            table([{t("column_file"): name, t("column_why"): said(why)} for name, why in gallery.rejected], "rejected")
    under_way = bool(_jobs())
    st.fragment(_work, run_every=POLL_SECONDS if under_way else None)(under_way)
    if not under_way:
        if gallery and (gallery.thumbnails is None or gallery.thumbnails.count < len(gallery)):
            with st.expander(t("gallery_pictures_title")):
                _pictures_form(gallery)
        with st.expander(
            t("gallery_build_title"), expanded=gallery is None or st.session_state.get("gallery_unfinished", False)
        ):
            _build_form()


def _take_choice() -> None:
    state.change(gallery=st.session_state["gallery_choice"], query=None, why=None)


@st.cache_resource(show_spinner=False)
def _jobs() -> list[CommandJob]:
    """The one under way, if any; for all users."""
    return []


def _work(was_under_way: bool) -> None:
    """Progress, to everybody; cancel and outcome, to whoever began it."""
    for job in list(_jobs()):
        if job.is_over:
            _jobs().remove(job)
            continue
        words = {"done": job.done, "total": job.total, "left": job.seconds_left}
        text = t(f"gallery_stage_{job.stage or 'start'}", **words)
        st.progress(job.share, text=text)
        if job is st.session_state.get("gallery_job"):
            st.button(t("gallery_cancel"), key="gallery_cancel", on_click=job.cancel)
    _take_outcome()
    if was_under_way and not _jobs():
        st.rerun()
    if error := st.session_state.get("gallery_error"):
        st.error(plain(said(error)))


def _take_outcome() -> None:
    own: CommandJob | None = st.session_state.get("gallery_job")
    if own is None or not own.is_over:
        return
    unfinished = own.cancelled or bool(own.error)
    st.session_state.update(gallery_job=None, gallery_error=own.error, gallery_unfinished=unfinished)
    if own.name and not unfinished:
        state.change(gallery=own.name, query=None, why=None)
    st.rerun()


def _start(job: CommandJob) -> None:
    st.session_state.update(gallery_job=job, gallery_error="")
    _jobs().append(job.start())
    st.rerun()


def _build_form() -> None:
    with st.form("gallery_form", border=False):
        st.caption(t("gallery_how"))
        path = st.text_input(
            t("gallery_path"), placeholder=t("gallery_path_hint"), key="gallery_path", persist_state="session"
        )
        limit = st.number_input(
            t("gallery_limit"), FEWEST, MOST, 1000, step=100, key="gallery_limit", persist_state="session"
        )
        asked = st.form_submit_button(t("gallery_build"), key="gallery_build")
    if asked and not path.strip():
        st.error(t("gallery_no_path"))
    elif asked:
        source = Path(path.strip()).expanduser()
        told = hashlib.sha256(f"{source.resolve()} {state.model_key()}".encode()).hexdigest()[:6]
        name = f"{re.sub(r'[^a-z0-9]+', '-', source.name.lower()).strip('-') or 'pictures'}-{limit}-{told}"
        dest = galleries.folder() / name
        _start(
            CommandJob(
                "model.gallery", name, ("build", str(state.model_path()), str(source), str(dest), "--limit", str(limit))
            )
        )


def _pictures_form(gallery: Gallery) -> None:
    st.caption(t("gallery_pictures_how"))
    st.code(t("gallery_pictures_commands", gallery=galleries.shown_path()), language=None, wrap_lines=True)
    with st.form("pictures_form", border=False):
        path = st.text_input(
            t("gallery_path"), placeholder=t("gallery_path_hint"), key="pictures_path", persist_state="session"
        )
        asked = st.form_submit_button(t("gallery_pictures"), key="gallery_pictures")
    if asked and not path.strip():
        st.error(t("gallery_no_path"))
    elif asked:
        out = thumbnails_path(gallery.path, galleries.folder())
        model = ("--model", str(state.model_path()), "--out", str(out))
        _start(CommandJob("model.gallery", "", ("pictures", str(gallery.path), path.strip(), *model)))
