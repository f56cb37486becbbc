"""The address of what is in sight: taken over when somebody else changed it, and written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from app import state
from app.view import View

NOT_IN_LINK = "not-in-link"  # what an address says of a picture of one's own
OUTRUN_SECONDS = 0.3


@dataclass(frozen=True)
class _Written:
    """The address that this program wrote last: on which page, in place of which other, when (monotonic seconds)."""

    page: str
    parts: Mapping[str, str]
    before: Mapping[str, str]
    at: float


def read(page: str) -> None:
    """Take over what the address names, when it was not this program that changed it: a link, back and forward.

    A change of page empties the address; that is no wish to see something else. Nor is an address that a quick hand
    outran: a browser sends the one it had when a widget was touched, before it heard of the one that we wrote.
    """
    st.session_state["page"] = page
    parts = st.query_params.to_dict()
    written: _Written | None = st.session_state.get("address")
    touched = st.session_state.pop("changed_here", False)
    if written is not None:
        outrun = parts == written.before and time.monotonic() - written.at < OUTRUN_SECONDS
        if touched or outrun or written.page != page or written.parts == parts:
            return
    named = View.from_address(parts)
    first = state.DEFAULT_SAMPLE if state.view().sample else ""  # goes without saying; an upload stays
    sample = named.sample or first
    if sample and sample != state.view().sample and "picture" not in parts:
        state.choose_sample(sample)
    if written is None:  # somebody's link, or a reload: the picture is on the machine that it was made on
        st.session_state["picture_missing"] = parts.get("picture") == NOT_IN_LINK
    state.change(
        **{**vars(named), "sample": state.view().sample, "edits": replace(named.edits, paint=state.view().edits.paint)}
    )
    st.session_state["changed_here"] = False


def write(page: str) -> None:
    """Name the view in the address, so that a link or a reload shows it again."""
    parts = parts_of(state.view())
    before = st.query_params.to_dict()
    if before != parts:
        st.query_params.from_dict(parts)
    st.session_state["address"] = _Written(page, parts, before, time.monotonic() if before != parts else 0.0)


def parts_of(shown: View) -> dict[str, str]:
    """The parts of a view's address, less what goes without saying."""
    parts = shown.to_address()
    if not shown.sample:
        parts["picture"] = NOT_IN_LINK
    if shown.sample == state.DEFAULT_SAMPLE:
        parts.pop("sample")
    return parts
