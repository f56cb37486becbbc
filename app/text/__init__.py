"""Every sentence on the screen, by key, from one file a language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def table(language: str) -> dict[str, str]:
    """All sentences of a language."""
    text: dict[str, str] = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    return text


def t(key: str, **values: Any) -> str:
    """The sentence of a key, its places filled in."""
    return table("en")[key].format(**values)
