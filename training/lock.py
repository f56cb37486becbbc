"""One process at a time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever has it; the system frees it when its holder is killed.

    Where there are no locks (Windows, some network file systems) it says so and goes on.
    """
    descriptor = _lock(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _lock(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)  # network file systems lock only what is open for writing
        try:
            _wait(descriptor, path)
        except BaseException:
            os.close(descriptor)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # its holder has finished and taken the file away


def _wait(descriptor: int, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another process is at work on {path.with_suffix('')}; waiting for it.", file=sys.stderr)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as reason:
        print(f"{path.parent} has no locks ({reason}): do not start this twice at once.", file=sys.stderr)
