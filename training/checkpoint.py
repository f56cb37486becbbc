"""Checkpoints: the whole state of a run in one file, written atomically."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from model.layers import Config


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that whatever happens `path` holds a whole checkpoint, this one or the one before."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values, nothing that could run code.

    Raises
    ------
    ValueError
        When the file is missing or no checkpoint of this project.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state["config"] = Config.from_dict(state["config"])
    except FileNotFoundError:
        raise ValueError(f"There is no checkpoint at {path}.") from None
    except Exception as reason:
        raise ValueError(f"{path} is no checkpoint of training.run ({type(reason).__name__}); give its checkpoint.pt.") from None
    return state
