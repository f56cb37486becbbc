"""Readable names of ILSVRC-2012's thousand classes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

NAMES_FILE = Path(__file__).parent.parent / "assets" / "ilsvrc2012_names.json"


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads(NAMES_FILE.read_text(encoding="utf-8"))
    return names


def class_name(class_id: str) -> str:
    """A readable name for a WordNet id of ILSVRC-2012; any other class id is its own name."""
    return _names().get(class_id, class_id)
