"""A part of a page that waits for the worker process: it asks once, says that it waits, can be cancelled, is kept.

The sentences of a part are those that begin with its name: `cam_wait`, `cam_cancel`, `cam_cancelled`, `cam_failed`,
`cam_again`, `cam_stale`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app import answers, state
from app.text import plain, said, t
from model.workshop import ENDED, Job

PATIENCE_SECONDS = 0.5  # before the page shows that it waits
POLL_SECONDS = 0.3
MAX_KEPT = 64
Wanted = tuple[Hashable, ...]
Draw = Callable[[Any, tuple[Any, ...]], None]


@dataclass(frozen=True, eq=False)
class Task:
    """What a part of a page wants of the worker."""

    part: str
    """Name of the part: its sentences and widgets begin with it."""
    wanted: Wanted
    """The result stays good as long as this stays; it begins with the model's key."""
    asks: Mapping[str, Mapping[str, Any]]
    """Arguments by method of `model.gradients.Gradients`."""
    beside: Any
    """What is kept with the results to draw them."""
    draw: Draw
    """Called with `beside` and the results, in the order of `asks`."""


@dataclass(frozen=True, eq=False)
class _Asked:
    wanted: Wanted
    jobs: tuple[Job, ...]
    since: float = field(default_factory=time.monotonic)

    @property
    def state(self) -> str:
        """Of the first job that has not gone well; "done" if all have."""
        return next((job.state for job in self.jobs if job.state != "done"), "done")

    @property
    def num_done(self) -> int:
        return sum(job.state == "done" for job in self.jobs)

    def cancel(self) -> None:
        for job in self.jobs:
            job.cancel()


def worker_panel(task: Task) -> None:
    """Draw the results if they are there; else ask, and look again until they are."""
    if _results(task) is None:
        _ask(task)
    waiting = _results(task) is None and _asked(task).state not in ENDED
    st.fragment(_body, run_every=POLL_SECONDS if waiting else None)(task, waiting)


@st.cache_resource(show_spinner=False)
def _kept() -> OrderedDict[tuple[str, Wanted], tuple[Any, ...]]:
    """Results, the latest last; shared, since who wants the same has the same picture."""
    return OrderedDict()


def _results(task: Task) -> tuple[Any, ...] | None:
    """What the worker found, now or earlier."""
    kept, key = _kept(), (task.part, task.wanted)
    asked: _Asked | None = st.session_state.get(f"{task.part}_asked")
    if key not in kept and asked and asked.wanted == task.wanted and asked.state == "done":
        kept[key] = tuple(job.result for job in asked.jobs)
        while len(kept) > MAX_KEPT:
            kept.popitem(last=False)
    return kept.get(key)


def _asked(task: Task) -> _Asked:
    """What was asked for last."""
    asked: _Asked = st.session_state[f"{task.part}_asked"]
    return asked


def _ask(task: Task) -> None:
    """Ask once for each result; what was asked for before is of no use any more."""
    before: _Asked | None = st.session_state.get(f"{task.part}_asked")
    if before and before.wanted == task.wanted:
        return
    for job in before.jobs if before else ():
        if job.state == "waiting":  # one that runs is soon over, and a new worker would cost seconds
            job.cancel()
    jobs = [answers.workshop().submit(state.model_path(), method, **told) for method, told in task.asks.items()]
    asked = st.session_state[f"{task.part}_asked"] = _Asked(task.wanted, tuple(jobs))
    for job in jobs:
        job.wait(max(0, PATIENCE_SECONDS - (time.monotonic() - asked.since)))


def _body(task: Task, waited: bool) -> None:
    part, results = task.part, _results(task)
    if waited and (results is not None or _asked(task).state in ENDED):
        st.rerun()  # the whole page, which then looks no more
    if results is not None:
        st.session_state[f"{part}_last"] = task.wanted[0], task.beside, results
        with st.container(key=f"{part}_map"):
            task.draw(task.beside, results)
        return
    _progress(task)
    model, beside, before = st.session_state.get(f"{part}_last", (None, None, None))
    if before and model == task.wanted[0]:
        st.caption(t(f"{part}_stale"))
        with st.container(key=f"{part}_stale"):
            st.html(f"<style>.st-key-{part}_stale {{ opacity: .4; }}</style>")
            task.draw(beside, before)


def _progress(task: Task) -> None:
    """How far it is, or why it is not."""
    part, asked = task.part, _asked(task)
    if asked.state not in ENDED:
        seconds = time.monotonic() - asked.since
        st.caption(t(f"{part}_wait", done=asked.num_done, count=len(asked.jobs), seconds=seconds))
        st.button(t(f"{part}_cancel"), key=f"{part}_cancel", on_click=asked.cancel)
        return
    if asked.state == "cancelled":
        st.caption(t(f"{part}_cancelled"))
    else:
        error = next((job.error for job in asked.jobs if job.state == "failed"), None)
        if error is None:  # it was done while this was drawn
            st.rerun()
        st.error(t(f"{part}_failed", reason=plain(said(error))))
    if st.button(t(f"{part}_again"), key=f"{part}_again"):
        st.session_state[f"{part}_asked"] = None
        st.rerun()
