"""Readable names of ILSVRC-2012's thousand classes."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


def thousand_classes() -> tuple[tuple[str, str], ...]:
    """(WordNet id, readable name) of ILSVRC-2012's classes in the standard order, torchvision's and Caffe's too: by id."""
    return tuple(_names().items())


def in_standard_order(names: Sequence[str]) -> tuple[str, ...] | None:
    """The WordNet ids of ILSVRC-2012's thousand classes when `names` are theirs in words, in the standard order.

    The Hub's imagenet-1k calls them "tench, Tinca tinca" and so on. The first word of nearly every one is our name for it;
    lists differ in a few ("crane", "crane bird").
    """
    known = _names()
    if len(names) != len(known):
        return None
    num_same = sum(name.split(",")[0].strip() == own for name, own in zip(names, known.values(), strict=True))
    return tuple(known) if num_same >= 0.98 * len(known) else None
