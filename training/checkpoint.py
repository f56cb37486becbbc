"""Checkpoints: the whole state of a run in one file, written atomically. `model.export.load_checkpoint` reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch

Write = Callable[[BinaryIO], Any]


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that whatever happens `path` holds a whole checkpoint, this one or the one before."""
    replace(path, lambda file: torch.save(state, file))


def write_text(path: Path, text: str) -> None:
    """The same for a text."""
    replace(path, lambda file: file.write(text.encode()))


def replace(path: Path, write: Write) -> None:
    """The same for whatever `write` writes."""
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as reason:  # torch reports a full disk as a RuntimeError
        partial.unlink(missing_ok=True)
        raise ValueError(f"{path} could not be written ({reason}); what it held before is intact.") from reason
