"""Command lines at work behind a page: whatever they print, they end, and what went wrong is a sentence."""

import time
from pathlib import Path

from app.command_job import CommandJob
from app.text import table


def over(job: CommandJob) -> CommandJob:
    """The job, when it has ended."""
    end = time.monotonic() + 60
    while not job.is_over and time.monotonic() < end:
        time.sleep(0.05)
    assert job.is_over
    return job


def test_other_words_on_the_way_do_no_harm(tmp_path: Path) -> None:
    """A library may print into what is read; the Zen of Python is not JSON."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert over(CommandJob("this", "", (), scratch).start()).error == ""
    assert not scratch.exists()


def test_a_failure_without_a_reason_is_a_sentence() -> None:
    assert over(CommandJob("no_such_module_here", "", ()).start()).error == table("en")["failed"]


def test_progress_and_reasons_are_taken() -> None:
    job = CommandJob("", "", ())
    for told in ({"stage": "fetch", "done": 2, "total": 8}, {"error": "no room"}, [1], 7, {"other": 1}):
        job._take(told)
    assert (job.stage, job.share, job.error) == ("fetch", 0.25, "no room")
