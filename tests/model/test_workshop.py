"""The workshop with a real worker process: order, cancelling, deaths, idleness, errors. No wait is without a limit."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from model.gradients import Gradients
from model.layers import ONE_TOWER
from model.messages import Preview
from model.worker import Worker
from model.workshop import Job, Workshop
from tests.toys import picture, small, write_toy

ROOT = Path(__file__).parents[2]
CROP = picture(3)[16:240, 16:240].transpose(2, 0, 1).astype(np.float32) - 100
PATIENCE = 120.0  # seconds, for a busy machine; nothing here needs more than a few
ENDLESS = 10_000_000
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workshop") / "model.onnx"
    write_toy(path)
    return path


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    workshop = Workshop()
    yield workshop
    workshop.close()


def until(condition: Callable[[], object]) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(job: Job) -> Job:
    assert job.wait(PATIENCE), job.state
    return job


def endless(workshop: Workshop, model: Path) -> Job:
    """A maximisation that is under way."""
    job = workshop.submit(model, "maximise", layer="conv2", unit=1, steps=ENDLESS)
    until(lambda: job.latest and job.latest.step)
    assert job.state == "running"
    return job


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_job_is_what_the_method_returns(workshop: Workshop, model: Path) -> None:
    job = workshop.submit(model, "deconvnet", crop=CROP, layer="conv3", unit=2, gains={"conv1": 0.5})
    assert (ended(job).state, job.error, job.progress) == ("done", None, (1, 1))
    here = Gradients.open(model)
    assert job.device == here.device_name
    expected = here.deconvnet(CROP, "conv3", 2, gains={"conv1": 0.5})
    np.testing.assert_allclose(job.result, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_a_maximisation_shows_where_it_stands(workshop: Workshop, model: Path) -> None:
    job = workshop.submit(model, "maximise", layer="conv2", unit=1, steps=6, seed=3)
    assert ended(job).state == "done"
    assert job.progress == (6, 6)
    assert job.result is job.latest
    assert isinstance(job.result, Preview)
    *_, last = Gradients.open(model).maximise("conv2", 1, 6, 3)
    assert job.result.value == pytest.approx(last.value, rel=1e-2)
    assert job.result.picture.shape == (51, 51, 3)


def test_short_jobs_pass_a_long_one(workshop: Workshop, model: Path) -> None:
    long = endless(workshop, model)
    second = workshop.submit(model, "maximise", layer="conv2", unit=1, steps=4)
    assert ended(workshop.submit(model, "grad_cam", crop=CROP, class_index=1)).state == "done"
    assert (long.state, second.state) == ("running", "running")
    assert second.latest is None  # it was begun, and goes on when the first has ended
    before = long.progress[0]
    until(lambda: long.progress[0] > before)
    long.cancel()
    assert ended(second).state == "done"


def test_cancel_stops_the_work(workshop: Workshop, model: Path) -> None:
    job, worker = endless(workshop, model), workshop.worker_pid
    job.cancel()
    assert (job.wait(0), job.state) == (True, "cancelled")
    assert ended(workshop.submit(model, "gradient", crop=CROP, layer="fc8", unit=0)).state == "done"
    latest = job.latest
    assert ended(workshop.submit(model, "maximise", layer="conv2", unit=1, steps=8)).state == "done"
    assert job.latest is latest  # no further step was taken
    assert workshop.worker_pid == worker  # it let go by itself
    job.cancel()  # once more does no harm
    assert job.state == "cancelled"


def test_a_waiting_job_is_cancelled_without_a_kill(workshop: Workshop, model: Path) -> None:
    running, worker = endless(workshop, model), workshop.worker_pid
    waiting = workshop.submit(model, "maximise", layer="conv3", unit=1, steps=ENDLESS)
    waiting.cancel()
    before = running.progress[0]
    until(lambda: running.progress[0] > before)
    assert (running.state, waiting.state, workshop.worker_pid) == ("running", "cancelled", worker)
    running.cancel()


@needs_signals
def test_a_worker_that_does_not_let_go_is_replaced(workshop: Workshop, model: Path) -> None:
    """Stopped as if it were inside something long; what waited behind it is done by the next one."""
    job, worker = endless(workshop, model), workshop.worker_pid
    assert worker
    os.kill(worker, signal.SIGSTOP)
    waiting = workshop.submit(model, "maximise", layer="conv2", unit=1, steps=4)
    large = workshop.submit(model, "grad_cam", crop=CROP, class_index=0)  # more than a pipe holds
    job.cancel()
    assert job.state == "cancelled"
    assert ended(waiting).state == ended(large).state == "done"
    until(lambda: not alive(worker))
    assert workshop.worker_pid != worker


@needs_signals
def test_a_dead_worker_is_replaced(workshop: Workshop, model: Path) -> None:
    job, worker = endless(workshop, model), workshop.worker_pid
    waiting = workshop.submit(model, "maximise", layer="conv2", unit=1, steps=4)
    assert worker
    os.kill(worker, signal.SIGKILL)
    assert ended(job).state == "failed"
    assert job.error == "The process that computed this ended unexpectedly; try again."
    assert ended(waiting).state == "done"


def test_errors_are_sentences(workshop: Workshop, model: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = ended(workshop.submit(model.parent / "none.onnx", "grad_cam", crop=CROP, class_index=0))
    assert missing.state == "failed"
    assert missing.error == f"There is no model file at {model.parent / 'none.onnx'}."
    unit = ended(workshop.submit(model, "maximise", layer="conv1", unit=8))
    assert unit.error == "conv1 has units 0 to 7; there is no unit 8."
    later = ended(workshop.submit(model, "maximise", layer="conv1", unit=1, gains={"pool1": 0}))
    assert later.error
    assert later.error.startswith("pool1 takes no gain in this network;")
    wrong = ended(workshop.submit(model, "grad_cam", nonsense=1))
    assert wrong.error == "This could not be computed; the log says why."
    assert "unexpected keyword argument 'nonsense'" in caplog.text
    with pytest.raises(ValueError, match="There is no method 'open'; choose one of deconvnet"):
        workshop.submit(model, "open")


@pytest.mark.parametrize("program", ["/no/such/python", "false"])
@needs_signals
def test_a_worker_that_cannot_start(program: str, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", program)
    workshop = Workshop()
    job = ended(workshop.submit(model, "grad_cam", crop=CROP, class_index=0))
    assert job.state == "failed"
    assert job.error in (
        "The process for gradients could not be started; the log says why.",
        "The process for gradients does not start; the log says why.",
    )
    workshop.close()


def test_an_idle_worker_ends_and_comes_back(model: Path) -> None:
    workshop = Workshop(idle_seconds=0.2)
    for _ in range(2):
        assert ended(workshop.submit(model, "grad_cam", crop=CROP, class_index=0)).state == "done"
        until(lambda: workshop.worker_pid is None)
    workshop.close()


def test_close_ends_everything(model: Path) -> None:
    workshop = Workshop()
    job = endless(workshop, model)
    worker = workshop.worker_pid
    workshop.close()
    assert job.state == "cancelled"
    assert worker
    if sys.platform != "win32":
        assert not alive(worker)
    with pytest.raises(ValueError, match="This workshop is closed"):
        workshop.submit(model, "grad_cam", crop=CROP, class_index=0)


@needs_signals
def test_the_web_process_stays_free_of_torch_and_takes_its_worker_along(model: Path) -> None:
    """A process that does a job, starts an endless one and dies without a word."""
    script = f"""
import os, sys, time
import numpy as np
from model.workshop import Workshop
workshop = Workshop()
job = workshop.submit({str(model)!r}, "grad_cam", crop=np.ones((3, 224, 224), np.float32), class_index=0)
assert job.wait({PATIENCE}) and job.state == "done", job.error
assert "torch" not in sys.modules
job = workshop.submit({str(model)!r}, "maximise", layer="fc8", unit=0, steps={ENDLESS})
while job.latest is None:
    time.sleep(0.02)
assert "torch" not in sys.modules
print(workshop.worker_pid, flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=2 * PATIENCE
    )
    until(lambda: not alive(int(done.stdout)))


def test_two_models_stay_open(tmp_path: Path) -> None:
    worker = Worker(io.BytesIO(), io.BytesIO())
    paths = [str(tmp_path / f"{name}.onnx") for name in "abc"]
    for path in paths:
        write_toy(Path(path), small(ONE_TOWER))
    a, b = worker._model(paths[0]), worker._model(paths[1])
    assert worker._model(paths[0]) is a
    worker._model(paths[2])
    assert worker._model(paths[0]) is a
    assert worker._model(paths[1]) is not b  # used longest ago
    os.utime(paths[1], ns=(1, 1))
    b = worker._model(paths[1])
    os.utime(paths[1], ns=(2, 2))
    assert worker._model(paths[1]) is not b  # another file by the same name
