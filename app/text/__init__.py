"""Every sentence on the screen, by key and language, from the files beside this one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.once import once_a_run
from model.class_names import class_name

LANGUAGES = ("en", "zh")
_spoken: ContextVar[str] = ContextVar("spoken", default="")
FOLDER = Path(__file__).parent


@cache
def table(language: str) -> dict[str, str]:
    """All sentences of a language: the explorer's and the lessons'."""
    return _read(f"{language}.toml") | _read(f"{language}_lessons.toml")


@cache
def _read(name: str) -> dict[str, str]:
    path = FOLDER / name
    text: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return text


@once_a_run
def language() -> str:
    """The language in use: the one that was chosen, else the browser's, else English."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return _spoken.get() or LANGUAGES[0]
    view = st.session_state.get("view")
    chosen = view.lang if view else st.query_params.get("lang", "")
    preferred = (st.context.locale or "").split("-")[0].lower()
    return next((name for name in (chosen, preferred) if name in LANGUAGES), LANGUAGES[0])


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Answer in a language where there is no session to ask; in English if it is none of ours."""
    before = _spoken.set(name if name in LANGUAGES else "")
    yield
    _spoken.reset(before)


def t(key: str, **values: Any) -> str:
    """The sentence of a key, its places filled in."""
    return template(key).format(**values)


def template(key: str) -> str:
    """The sentence of a key, its places left open for a component to fill."""
    return table(language())[key]


def class_word(name: str) -> str:
    """A class, named as in a model's file, in the language in use where that has a word for it."""
    return _class_words(language()).get(name, name)


@cache
def _class_words(name: str) -> dict[str, str]:
    """Words by the name in a model's file; both words of the few names that two classes share."""
    words: dict[str, str] = {}
    for class_id, word in _read(f"{name}_classes.toml").items():
        own = class_name(class_id)
        words[own] = f"{words[own]} / {word}" if own in words else word
    return words


def said(sentence: str) -> str:
    """What `model` says to the user, in the language in use; as it is where that has no such sentence."""
    for pattern, translation in _sayings(language()):
        if found := pattern.fullmatch(sentence):
            return translation.format(*found.groups())
    return sentence


@cache
def _sayings(name: str) -> list[tuple[re.Pattern[str], str]]:
    """Sentences as patterns, {0}, {1} ... being whatever stands there, with their translations."""
    return [
        (re.compile(re.sub(r"\\\{\d+\\\}", "(.*?)", re.escape(sentence)), re.DOTALL), translation)
        for sentence, translation in _read(f"{name}_said.toml").items()
    ]


def plain(words: str) -> str:
    """Somebody else's words, such as a file name, so that Markdown shows them as they are."""
    return re.sub(r"([\\`*_\[\]<>$:~#])", r"\\\1", words)
