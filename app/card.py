"""What `training.card` wrote beside the model in use."""

from __future__ import annotations

import json
from typing import Any

from app import state


def read() -> dict[str, Any]:
    """The card; empty where there is none."""
    path = state.model_path().parent / "card.json"
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return card


def is_joined() -> bool:
    """Whether the network is two that were trained apart and put side by side (`training.join`)."""
    return any("side" in one for one in read().get("trained_before", []))
