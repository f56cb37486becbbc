"""Checkpoints: the whole state of a run in one file, written atomically. `model.export.load_checkpoint` reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that whatever happens `path` holds a whole checkpoint, this one or the one before."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
