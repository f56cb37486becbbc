"""The process that computes with torch for the web process: python -m model.worker, started by `model.workshop`.

It reads requests on its standard input and answers on its standard output, one job at a time. A job in steps lets the
short ones that come meanwhile go first.

    in     ("job", id, model path, method, arguments)      ("cancel", id)
    out    ("on", id)                       what is computed from now on; None: nothing
           ("step", id, Preview)            of a job in steps, whose result is the last of them
           ("done", id, result, device)     ("failed", id, sentence, details)     ("cancelled", id)
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from model.messages import Preview, packed, receive

if TYPE_CHECKING:
    from model.gradients import Gradients

MODELS_OPEN = 2
IDLE_SECONDS = 600.0  # then it ends, and its memory is free
NICENESS = 5  # pages come first


@dataclass
class _Task:
    """A job that was asked for; `steps` while it goes on in steps."""

    id: int
    path: str
    method: str
    arguments: dict[str, Any]
    steps: Iterator[Preview] | None = None
    device: str = ""


class Worker:
    """The jobs that wait, those in steps, and the models that are open."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO, idle_seconds: float = IDLE_SECONDS) -> None:
        self.requests, self.answers = requests, answers
        self.idle_seconds = idle_seconds
        self.inbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.waiting: deque[_Task] = deque()
        self.in_steps: deque[_Task] = deque()
        self.models: OrderedDict[tuple[str, int], Gradients] = OrderedDict()
        self.on: int | None = None

    def run(self) -> None:
        """Work until nothing was asked for `idle_seconds`, or the other side is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            idle = not self.waiting and not self.in_steps
            if idle:
                self._turn_to(None)
            try:
                while True:
                    self._take(self.inbox.get(timeout=self.idle_seconds) if idle else self.inbox.get_nowait())
                    idle = False
            except queue.Empty:
                if idle:
                    return
            if self.waiting:
                self._start(self.waiting.popleft())
            elif self.in_steps:
                self._step(self.in_steps[0])

    def _listen(self) -> None:
        """Hear requests while something is computed; without a parent there is nobody to compute for."""
        try:
            while True:
                self.inbox.put(receive(self.requests))
        except (EOFError, OSError):
            os._exit(0)
        except Exception:
            traceback.print_exc()
            os._exit(1)

    def _take(self, request: tuple[Any, ...]) -> None:
        match request:
            case ("job", id, path, method, arguments):
                self.waiting.append(_Task(id, path, method, arguments))
            case ("cancel", id):
                for tasks in (self.waiting, self.in_steps):
                    for task in [task for task in tasks if task.id == id]:
                        tasks.remove(task)
                self._say("cancelled", id)

    def _start(self, task: _Task) -> None:
        self._turn_to(task.id)
        try:
            gradients = self._model(task.path)
            task.device = gradients.device_name
            result = getattr(gradients, task.method)(**task.arguments)
        except Exception as reason:
            self._fail(task, reason)
            return
        if isinstance(result, Iterator):
            task.steps = result
            self.in_steps.append(task)
        else:
            self._say("done", task.id, result, task.device)

    def _step(self, task: _Task) -> None:
        assert task.steps is not None
        self._turn_to(task.id)
        try:
            preview = next(task.steps, None)
        except Exception as reason:
            self.in_steps.remove(task)
            self._fail(task, reason)
            return
        if preview is None:
            self.in_steps.remove(task)
            self._say("done", task.id, None, task.device)
        else:
            self._say("step", task.id, preview)

    def _fail(self, task: _Task, reason: Exception) -> None:
        """ValueErrors are sentences for the user; of anything else the log has the story."""
        details = traceback.format_exc()
        if isinstance(reason, ValueError):
            sentence = str(reason)
        elif isinstance(reason, ImportError):
            sentence = "torch cannot be imported, which gradients need; install requirements.txt."
        elif isinstance(reason, MemoryError) or "out of memory" in str(reason):
            sentence = "There is not enough memory for this; try again later, or with a smaller model."
        else:
            sentence = "This could not be computed; the log says why."
        self._say("failed", task.id, sentence, details)

    def _model(self, path: str) -> Gradients:
        """An open model; the two used last stay open."""
        if "torch" not in sys.modules:
            _leave_a_core()
        from model.gradients import Gradients  # torch, only once there is something to do

        key = (path, Path(path).stat().st_mtime_ns if Path(path).is_file() else 0)
        gradients = self.models.pop(key, None) or Gradients.open(path)
        self.models[key] = gradients
        while len(self.models) > MODELS_OPEN:
            self.models.popitem(last=False)
        return gradients

    def _turn_to(self, id: int | None) -> None:
        if self.on != id:
            self.on = id
            self._say("on", id)

    def _say(self, *message: Any) -> None:
        try:
            self.answers.write(packed(message))
            self.answers.flush()
        except OSError:  # nobody listens any more
            os._exit(0)


def _leave_a_core() -> None:
    """One core stays with the pages: where all are wanted by others too, a thread more makes it slower, not faster."""
    import torch

    torch.set_num_threads(max(1, torch.get_num_threads() - 1))


def main() -> None:
    """Keep standard output for answers alone, then work."""
    answers = os.fdopen(os.dup(1), "wb")
    with contextlib.suppress(OSError):  # there may be no such place under a window system
        os.dup2(2, 1)  # what a library prints goes where errors go
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end is noticed
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    Worker(sys.stdin.buffer, answers, float(sys.argv[1]) if len(sys.argv) > 1 else IDLE_SECONDS).run()
    os._exit(0)  # the listening thread holds standard input


if __name__ == "__main__":
    main()
