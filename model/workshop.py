"""Gradients for the web process, which never imports torch: one worker process computes for all users.

workshop = Workshop()
job = workshop.submit("assets/models/imagenet20/model.onnx", "grad_cam", crop=crop, class_index=4)
job.wait(30), job.state, job.result

The worker starts with the first job, ends when it idles, and is replaced when it dies or does not let go of a
cancelled job. It dies with this process.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from model.messages import Preview, packed, receive
from model.worker import IDLE_SECONDS

ROOT = Path(__file__).parents[1]
METHODS = ("deconvnet", "guided_backprop", "gradient", "grad_cam", "maximise")
GRACE_SECONDS = 1.0  # for the worker to let go of a cancelled job
SILENCE_SECONDS = 120.0  # of a worker that computes; longer than opening the largest model takes
DEATHS = 2  # of workers, before a job is given up that had not begun
State = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")

log = logging.getLogger(__name__)


class Job:
    """One thing to compute. Every attribute may be read at any time, from any thread."""

    def __init__(self, workshop: Workshop, id: int, method: str, request: bytes) -> None:
        self._workshop, self._id, self._method, self._request = workshop, id, method, request
        self._ended = threading.Event()
        self._deaths = 0
        self.state: State = "waiting"
        self.latest: Preview | None = None
        """The newest picture of a maximisation, its value, and how far it is."""
        self.result: Any = None
        """Once done: the array, or a maximisation's last Preview."""
        self.error: str | None = None
        """Once failed: one sentence."""
        self.device: str | None = None
        """Once done: "CUDA GPU" or "CPU"."""

    @property
    def progress(self) -> tuple[int, int]:
        """Steps done, of how many; (0, 1) until known."""
        latest = self.latest
        if latest is not None:
            return latest.step, latest.steps
        return int(self.state == "done"), 1

    def wait(self, timeout: float) -> bool:
        """Whether it has ended, in whatever way, within so many seconds."""
        return self._ended.wait(timeout)

    def cancel(self) -> None:
        """Stop the work, or never begin it. A job that has ended stays as it is."""
        self._workshop._cancel(self)

    def _end(self, state: State, *, result: Any = None, error: str | None = None, device: str | None = None) -> None:
        if self.state not in ENDED:
            self.result, self.error, self.device = result, error, device
            self.state = state
            self._request = b""  # a crop is 600 kB, and pages keep jobs
            self._ended.set()


class Workshop:
    """The jobs of all users and the process that does them: first come first served, long ones give way to short.

    Parameters
    ----------
    idle_seconds : float
        After which a worker without work ends; the next job starts another.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self.idle_seconds = idle_seconds
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._jobs: dict[int, Job] = {}  # that have not ended, oldest first
        self._worker: _Process | None = None
        self._closed = False

    def submit(self, model_path: str | Path, method: str, **arguments: Any) -> Job:
        """Ask for a method of `model.gradients.Gradients`, with its arguments by name.

        Raises
        ------
        ValueError
            When there is no such method. Whatever else is wrong, the job says when it fails.
        """
        if method not in METHODS:
            raise ValueError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
        with self._lock:
            if self._closed:
                raise ValueError("This workshop is closed; open another one.")
            id = next(self._ids)
            request = packed(("job", id, str(Path(model_path).resolve()), method, arguments))
            job = self._jobs[id] = Job(self, id, method, request)
            if self._worker:
                self._worker.tell(request)
            else:
                self._hire()
            return job

    def close(self) -> None:
        """Cancel what is left and end the worker."""
        with self._lock:
            self._closed = True
            for job in [*self._jobs.values()]:
                job._end("cancelled")
            self._jobs.clear()
            worker, self._worker = self._worker, None
        if worker:
            worker.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(10)

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker, if there is one now."""
        worker = self._worker
        return worker.process.pid if worker else None

    def _cancel(self, job: Job) -> None:
        with self._lock:
            if self._jobs.pop(job._id, None) is None:
                return
            job._end("cancelled")
            if self._worker:
                self._worker.tell(packed(("cancel", job._id)))
                self._worker.cancelled[job._id] = time.monotonic()

    def _hire(self) -> None:
        """Start a worker and give it everything that waits."""
        try:
            worker = self._worker = _Process(self.idle_seconds)
        except OSError:
            log.exception("the gradient worker could not be started")
            self._give_up("The process for gradients could not be started; the log says why.")
            return
        for job in [*self._jobs.values()]:
            if job.state == "running":
                job.state, job.latest = "waiting", None
            worker.tell(job._request)
        for work in (self._listen, self._watch):
            threading.Thread(target=work, args=(worker,), daemon=True).start()

    def _give_up(self, sentence: str) -> None:
        for job in [*self._jobs.values()]:
            job._end("failed", error=sentence)
        self._jobs.clear()

    def _replace(self, worker: _Process) -> None:
        """After a worker's end: fail what it died of, and let another one do the rest."""
        with self._lock:
            if worker is not self._worker:
                return
            self._worker = None
            worker.process.kill()
            guilty = self._jobs.pop(worker.on, None) if worker.on is not None else None
            if guilty:
                log.error("the gradient worker died in %s", guilty._method)
                guilty._end("failed", error="The process that computed this ended unexpectedly; try again.")
            elif worker.on is None and not worker.spoke:
                for id, job in [*self._jobs.items()]:
                    job._deaths += 1
                    if job._deaths >= DEATHS:
                        del self._jobs[id]
                        job._end("failed", error="The process for gradients does not start; the log says why.")
            if self._jobs and not self._closed:
                self._hire()

    def _listen(self, worker: _Process) -> None:
        """Thread: hear one worker until its end."""
        try:
            while True:
                message = receive(worker.answers)
                with self._lock:
                    if worker is self._worker:
                        worker.heard = time.monotonic()
                        worker.spoke = True
                        self._hear(worker, message)
        except (EOFError, OSError, ValueError):
            pass
        except Exception:  # a message cut in two by a kill may unpickle to anything
            log.exception("the gradient worker spoke in riddles")
        self._replace(worker)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(10)
        worker.requests.put(None)
        worker.answers.close()

    def _hear(self, worker: _Process, message: tuple[Any, ...]) -> None:
        kind, id = message[:2]
        if kind == "on":
            worker.on = id
        if kind == "cancelled":
            worker.cancelled.pop(id, None)
        job = self._jobs.get(id)
        if job is None:  # cancelled meanwhile
            return
        match message:
            case ("on", _):
                job.state = "running"
            case ("step", _, preview):
                job.latest = preview
            case ("done", _, result, device):
                del self._jobs[id]
                job._end("done", result=job.latest if result is None else result, device=device)
            case ("failed", _, sentence, details):
                del self._jobs[id]
                log.warning("%s failed: %s", job._method, details)
                job._end("failed", error=sentence)

    def _watch(self, worker: _Process) -> None:
        """Thread: end a worker that holds on to a cancelled job, or is silent for too long over its work."""
        while worker is self._worker and worker.process.poll() is None:
            time.sleep(GRACE_SECONDS / 10)
            with self._lock:
                now = time.monotonic()
                since = worker.cancelled.get(worker.on, now) if worker.on is not None else now
                silent = bool(self._jobs) and now - max(worker.heard, worker.told) > SILENCE_SECONDS
                if worker is self._worker and (now - since > GRACE_SECONDS or silent):
                    if silent:
                        log.error("the gradient worker was silent for %.0f seconds", SILENCE_SECONDS)
                    self._replace(worker)


class _Process:
    """One worker process as its workshop knows it."""

    def __init__(self, idle_seconds: float) -> None:
        below_normal: int = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # Windows; others call nice
        self.process = subprocess.Popen(
            [sys.executable, "-m", "model.worker", str(idle_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},  # threads that wait leave the cores to the pages
            creationflags=below_normal,
        )
        self.answers = cast(BinaryIO, self.process.stdout)
        self.requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.on: int | None = None
        """Id of the job that it computes now."""
        self.spoke = False
        self.heard = self.told = time.monotonic()
        self.cancelled: dict[int, float] = {}
        """When jobs were cancelled that it has not let go of yet."""
        threading.Thread(target=self._pass_on, daemon=True).start()

    def tell(self, request: bytes) -> None:
        """Send a request. If the process is dead already, its listener will find out."""
        self.told = time.monotonic()
        self.requests.put(request)

    def _pass_on(self) -> None:
        """Thread: write requests, so that a process that does not read keeps nobody else waiting."""
        assert self.process.stdin
        with contextlib.suppress(OSError), self.process.stdin as stream:
            while (request := self.requests.get()) is not None:
                stream.write(request)
                stream.flush()
