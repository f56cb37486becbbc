"""Which gallery, how to make one, and how to see the pictures of one that came without."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from app import galleries, state
from app.command_job import CommandJob
from app.folded import folded
from app.tables import table
from app.text import plain, said, t
from model.gallery.compact import PUBLIC_SETS
from model.gallery.store import Gallery, thumbnails_path
from model.picture_set import SPLIT_NAMES, find_any

POLL_SECONDS = 0.5
STARTING = threading.Lock()
FEWEST, MOST = 6, 2_000_000


def gallery_panel(gallery: Gallery | None) -> None:
    """Choice, work under way, forms."""
    names = list(galleries.paths())
    if len(names) > 1:
        st.session_state["gallery_choice"] = galleries.name()
        st.selectbox(
            t("gallery_choice"), names, key="gallery_choice", on_change=state.while_shown(_take_choice),
            format_func=galleries.title,
        )  # fmt: skip
    if gallery:
        _not_in_it(gallery)
    if state.is_shared():
        st.caption(t("shared_server"))
        return
    under_way = bool(_jobs())
    st.fragment(_work, run_every=POLL_SECONDS if under_way else None)(under_way)
    if not under_way:
        if gallery and (gallery.thumbnails is None or gallery.thumbnails.count < len(gallery)):
            folded(t("gallery_pictures_title"), "gallery_pictures_title", partial(_pictures_form, gallery))
        unfinished: bool = st.session_state.get("gallery_unfinished", False)
        folded(t("gallery_build_title"), "gallery_build_title", _build_form, gallery is None or unfinished)


def _not_in_it(gallery: Gallery) -> None:
    """What could not be read, and what was left out."""
    if gallery.rejected:
        with st.expander(t("gallery_rejected", count=len(gallery.rejected))):
            table([{t("column_file"): name, t("column_why"): said(why)} for name, why in gallery.rejected], "rejected")
    if gallery.left_out:
        with st.expander(t("gallery_left_out", count=gallery.about["num_left_out"])):
            table([{t("column_file"): name} for name in gallery.left_out], "left_out")


def _take_choice() -> None:
    state.change(gallery=st.session_state["gallery_choice"], query=None, why=None)


@st.cache_resource(show_spinner=False)
def _jobs() -> list[CommandJob]:
    """The one under way, if any; for all users."""
    return []


def _forget(job: CommandJob) -> None:
    with contextlib.suppress(ValueError):  # another session's page was quicker
        _jobs().remove(job)


def _work(was_under_way: bool) -> None:
    """Progress, to everybody; cancel and outcome, to whoever began it."""
    for job in list(_jobs()):
        if job.is_over:
            _forget(job)
            continue
        words = {"done": job.done, "total": job.total, "left": job.left}
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
    with STARTING:
        if all(job.is_over for job in _jobs()):  # else somebody was quicker, and everybody sees that one
            st.session_state.update(gallery_job=job, gallery_error="")
            _jobs().append(job.start())
    st.rerun()


def _build_form() -> None:
    with st.form("gallery_form", border=False):
        st.caption(t("gallery_how"))
        path = st.text_input(
            t("gallery_path"), placeholder=t("gallery_path_hint"), key="gallery_path", persist_state="session"
        )
        split = st.selectbox(
            t("gallery_split"), ("", *SPLIT_NAMES), key="gallery_split", persist_state="session",
            format_func=lambda one: one or t("gallery_split_none"), help=t("gallery_split_help"),
        )  # fmt: skip
        limit = st.number_input(
            t("gallery_limit"), FEWEST, MOST, 1000, step=100, key="gallery_limit", persist_state="session"
        )
        asked = st.form_submit_button(t("gallery_build"), key="gallery_build")
    if asked and not path.strip():
        st.error(t("gallery_no_path"))
    elif asked:
        _build(Path(path.strip()).expanduser(), split, limit)


def _build(source: Path, split: str, limit: int) -> None:
    """Begin; a folder that has changed since becomes another gallery."""
    try:
        with st.spinner(t("gallery_looking")):
            stamp = find_any(source, split).fingerprint
    except (ValueError, OSError) as reason:
        st.error(plain(said(str(reason))))
        return
    told = hashlib.sha256(f"{source.resolve()} {stamp} {state.model_key()}".encode()).hexdigest()[:6]
    words = re.sub(r"[^a-z0-9]+", "-", f"{source.name} {split}".lower()).strip("-") or "pictures"
    name = f"{words}-{limit}-{told}"
    command = ["build", str(state.model_path()), str(source), str(galleries.folder() / name), "--limit", str(limit)]
    _start(CommandJob("model.gallery", name, (*command, *(("--split", split) if split else ()))))


def _commands(sets: Mapping[str, str], path: str) -> list[str]:
    """What brings a gallery its pictures, on the command line."""
    folders = " ".join(f"runs/data/{folder}" for folder in sets.values())
    return [
        *(f"python -m training.fetch {name}" for name in sets),
        f"python -m model.gallery pictures {path} {folders}",
    ]


def _pictures_form(gallery: Gallery) -> None:
    st.caption(t("gallery_pictures_how"))
    if sets := PUBLIC_SETS.get(gallery.about["model"]):
        st.code("\n".join(_commands(sets, galleries.shown_path())), language=None, wrap_lines=True)
    with st.form("pictures_form", border=False):
        lines = st.text_area(t("gallery_places"), key="pictures_path", persist_state="session", height="content")
        asked = st.form_submit_button(t("gallery_pictures"), key="gallery_pictures")
    sources = [line.strip().strip("\"'") for line in lines.splitlines() if line.strip()]
    if asked and not sources:
        st.error(t("gallery_no_path"))
    elif asked:
        out = thumbnails_path(gallery.path, galleries.folder())
        model = ("--model", str(state.model_path()), "--out", str(out))
        _start(CommandJob("model.gallery", "", ("pictures", str(gallery.path), *sources, *model)))
