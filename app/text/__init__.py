"""Every sentence on the screen, by key, from one file a language."""

from __future__ import annotations

import re
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
    return template(key).format(**values)


def template(key: str) -> str:
    """The sentence of a key, its places left open for a component to fill."""
    return table("en")[key]


def plain(words: str) -> str:
    """Somebody else's words, such as a file name, so that Markdown shows them as they are."""
    return re.sub(r"([\\`*_\[\]<>$:~#])", r"\\\1", words)
