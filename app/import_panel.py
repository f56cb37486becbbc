"""Another network for the explorer: a published one, fetched, or a file of one's own; `model.convert` makes it ours."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import state
from app.command_job import CommandJob
from app.text import plain, said, t
from model.published import PUBLISHED, folder_name, models_folder

LARGEST_MB = {"import_file": 500, "import_classes": 1}  # what may be uploaded, by box; published files have 244
POLL_SECONDS = 0.5
STARTING = threading.RLock()  # held from the look for a free name until it is taken


def import_panel() -> None:
    """Choose, see it come, use it; each visitor imports one at a time, or watches it come for another one."""
    if state.is_shared():
        st.caption(t("shared_server"))
        return
    under_way = _job() is not None
    st.fragment(_work, run_every=POLL_SECONDS if under_way else None)()
    if done := st.session_state.get("import_done"):
        st.success(t("import_done", name=plain(done)))
    if error := st.session_state.get("import_error"):
        st.error(plain(said(error)))
    if not under_way:
        _published()
        _own()


def _job() -> CommandJob | None:
    """This visitor's import under way."""
    job: CommandJob | None = st.session_state.get("import_job")
    return job


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, CommandJob]:
    """All visitors' imports by the model's name, so that two of them never write the same file."""
    return {}


def _work() -> None:
    """Progress and cancel; then the outcome."""
    job = _job()
    if job is None:
        return
    if not job.is_over:
        words = {"done": job.done / 1e6, "total": job.total / 1e6, "left": job.left, "seconds": job.seconds}
        sentence = t(f"import_stage_{job.stage or 'start'}", **words)
        if job.stage == "fetch":
            st.progress(job.share, text=sentence)
        else:  # nobody knows how far it is
            st.write(sentence)
        if st.session_state["import_mine"]:
            st.button(t("import_cancel"), key="import_cancel", on_click=job.cancel)
        return
    fine = not (job.error or job.cancelled)
    st.session_state.update(import_job=None, import_error=job.error, import_done=job.name if fine else "")
    if fine:
        state.use_model(job.name)
    st.rerun()


def _start(name: str, *arguments: str, scratch: Path | None = None) -> None:
    with STARTING:
        mine = name not in _jobs() or _jobs()[name].is_over
        if mine:
            out = models_folder() / name / "model.onnx"
            _jobs()[name] = CommandJob("model.convert", name, (*arguments, str(out)), scratch).start()
        st.session_state.update(import_job=_jobs()[name], import_mine=mine, import_error="", import_done="")


def _published() -> None:
    """Those that are not here yet."""
    missing = {name: published for name, published in PUBLISHED.items() if name not in state.model_paths()}
    if not missing:
        return
    st.write(t("import_published"))
    with st.container(horizontal=True):
        for name, published in missing.items():
            label = t("import_fetch", name=t(f"import_{name}"), megabytes=published.num_mb)
            st.button(label, key=f"import_{name}", on_click=_start, args=(name, name), help=published.address)


def _own() -> None:
    with st.form("import_form", border=False):
        file = st.file_uploader(t("import_file"), key="import_file", max_upload_size=LARGEST_MB["import_file"])
        classes = st.file_uploader(
            t("import_classes"), key="import_classes", max_upload_size=LARGEST_MB["import_classes"]
        )
        asked = st.form_submit_button(t("import_convert"), key="import_convert")
    if asked and file is None:
        st.error(t("import_no_file"))
    elif asked and file is not None:
        _take(file, classes)
        st.rerun()


def _take(file: UploadedFile, classes: UploadedFile | None) -> None:
    """Put an upload on the disk, where the converting process reads it; it is deleted when that ends."""
    folder = Path(tempfile.mkdtemp(prefix="alexnet-import-"))
    source = folder / Path(file.name).name
    source.write_bytes(file.getbuffer())
    arguments = [str(source)]
    if classes is not None:
        names = folder / "classes" / Path(classes.name).name
        names.parent.mkdir()
        names.write_bytes(classes.getbuffer())
        arguments = ["--classes", str(names), *arguments]
    with STARTING:
        _start(_free_name(folder_name(source.stem)), *arguments, scratch=folder)


def _free_name(wanted: str) -> str:
    """A name that no model has, so that none is lost."""
    taken = {*state.model_paths(), *(name for name, job in _jobs().items() if not job.is_over), *PUBLISHED}
    names = (wanted, *(f"{wanted}-{i}" for i in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
