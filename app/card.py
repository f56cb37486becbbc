"""What the training left beside the model in use: the card that `training.card` wrote, the histories of its kernels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app import state
from model import history
from model.history import History


def read() -> dict[str, Any]:
    """The card; empty where there is none."""
    path = state.model_path().parent / "card.json"
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return card


@st.cache_resource(max_entries=16, show_spinner=False)
def _history(path: str, changed_ns: int) -> History:
    return history.read(path)


def history_in(path: Path) -> History:
    """A history, read once for all users.

    Raises
    ------
    ValueError
        When the file is none.
    """
    return _history(str(path), path.stat().st_mtime_ns)


def is_joined() -> bool:
    """Whether the network is two that were trained apart and put side by side (`training.join`)."""
    return any("side" in one for one in read().get("trained_before", []))
