"""A command line of `model` at work in a process of its own, so that no page waits for it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.text import t

ROOT = Path(__file__).parent.parent


@dataclass(eq=False)
class CommandJob:
    """`python -m MODULE ... --json`, such as model.gallery; begun again after a cancel, it goes on where it stopped."""

    module: str
    name: str
    """Of what it makes."""
    arguments: tuple[str, ...]
    scratch: Path | None = None
    """A folder of what it reads, deleted when it ends."""
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    cancelled: bool = False
    _since: float = field(default_factory=time.monotonic)
    _first: int = 0
    _failed: str = ""
    _process: subprocess.Popen[str] | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> CommandJob:
        """Begin; returns at once."""
        command = [sys.executable, "-m", self.module, *self.arguments, "--json"]
        self._failed = t("failed")  # in the visitor's language, which the listening thread does not know
        self._process = subprocess.Popen(  # its stderr is the server's log
            command, cwd=ROOT, text=True, errors="replace", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def cancel(self) -> None:
        """Stop now; what is done stays."""
        self.cancelled = True
        if self._process:
            self._process.terminate()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def share(self) -> float:
        """Of this stage that is done."""
        return self.done / self.total if self.total else 0.0

    @property
    def seconds(self) -> float:
        """Since this stage began."""
        return time.monotonic() - self._since

    @property
    def seconds_left(self) -> float | None:
        """Of this stage, guessed from what is done; None while nothing is."""
        done = self.done - self._first
        return self.seconds / done * (self.total - self.done) if done else None

    @property
    def left(self) -> str:
        """The same in words that go behind others; empty while it is not known."""
        seconds = self.seconds_left
        return "" if seconds is None else t("job_left", seconds=seconds)

    def _listen(self) -> None:
        assert self._process
        assert self._process.stdout
        try:
            with self._process:  # which closes its pipes
                for line in self._process.stdout:
                    with contextlib.suppress(ValueError):  # a library may have something of its own to say
                        self._take(json.loads(line))
                if self._process.wait() and not self.cancelled and not self.error:
                    self.error = self._failed
        finally:
            if self.scratch:
                shutil.rmtree(self.scratch, ignore_errors=True)
            self._over.set()

    def _take(self, told: Any) -> None:
        """How far the command line is, or why it ends."""
        if not isinstance(told, dict):
            return
        self.error = told.get("error", self.error)
        if "stage" not in told:
            return
        if told["stage"] != self.stage:
            self.stage, self._first, self._since = told["stage"], told["done"], time.monotonic()
        self.done, self.total = told["done"], told["total"]
