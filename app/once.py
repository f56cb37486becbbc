"""What stays as it is while a page's script runs: found once a run, however often it is asked for.

A script asks a hundred times which models there are and which language is spoken. The disk and the session would give the same
answer until the next run, and together they took a third of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_found: ContextVar[dict[Any, Any] | None] = ContextVar("found", default=None)


@contextmanager
def one_run() -> Iterator[None]:
    """Keep what `once_a_run` finds until the end of the block; in this thread alone."""
    before = _found.set({})
    try:
        yield
    finally:
        _found.reset(before)


def once_a_run(find: Callable[P, R]) -> Callable[P, R]:
    """A function that is asked once in each `one_run` for the same arguments, and every time outside of one."""

    @wraps(find)
    def kept(*args: P.args, **kwargs: P.kwargs) -> R:
        found = _found.get()
        if found is None:
            return find(*args, **kwargs)
        key = (find, args, tuple(kwargs.items()))
        if key not in found:
            found[key] = find(*args, **kwargs)
        answer: R = found[key]
        return answer

    return kept
