"""What the explorer's speed is measured with: limits, percentiles, a user without a browser, memory of a process tree."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import explorer_server, twenty_users
from benchmarks.explorer_server import Server, photographs, serve
from benchmarks.figure import within
from benchmarks.light_user import LightUser
from benchmarks.twenty_users import Log
from model.preprocess import read_picture


def test_a_missed_limit_says_by_how_much() -> None:
    missed = within("a", (180.0, 60.0), 7, "x", at_most=150)
    assert (missed.ratio, missed.goal, missed.met, missed.what) == (3.0, "<= 150 ms", False, "x; missed by 30 ms")
    met = within("a", (2.5, 0.5), 7, "x", 3, "p95 < 3 s", "s")
    assert (met.ratio, met.goal, met.met, met.what, met.unit) == (5.0, "p95 < 3 s", True, "x", "s")


def test_one_error_of_twenty_users_misses_the_goal() -> None:
    alone = Log(pages=[0.25])
    log = Log(pages=[0.5] * 19, pictures=[1.0], painted=[0.5])
    assert twenty_users.figure(alone, log, 1.0).met is True
    assert twenty_users.figure(alone, log, 1.0).ratio == 2.0
    log.errors.append("RuntimeError: no")
    found = twenty_users.figure(alone, log, 1.0)
    assert found.met is False
    assert "1 errors (the first: RuntimeError: no)" in found.what


def test_photographs_differ() -> None:
    files = photographs(8)
    assert len(set(files)) == 8
    assert {read_picture(file).size for file in files} == {(1024, 768)}


def test_memory_is_that_of_the_whole_family() -> None:
    """A process that only waits for a child which holds 100 MB."""
    child = "x = bytearray(b'1' * 100_000_000); print(flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert 100 < Server("", process).memory_mb() < 200
        process.communicate(b"\n")


def test_without_playwright_or_chromium_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with (
        pytest.raises(ValueError, match="it needs Playwright: pip install"),
        explorer_server.chromium(),
    ):
        pass


def test_a_server_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the server did not start"), serve(tmp_path / "nothing.py"):
        pass


def test_a_user_without_a_browser() -> None:
    """It gets the pages that a browser gets, and its photograph is the one in use on each."""

    async def visit(address: str) -> list[list[str]]:
        user = await LightUser.join(address)
        said = [user.said]
        await user.upload(photographs(1)[0])
        said.append(user.said)
        await user.go_to("model")
        said.append(user.said)
        await user.leave()
        return said

    with serve() as server, ThreadPoolExecutor() as thread:  # Playwright keeps a loop running in this one
        first, uploaded, other = thread.submit(asyncio.run, visit(server.address)).result()
    assert any(said.startswith("Cat. The network sees") for said in first)
    assert any(said.startswith("photo.jpg. The network sees") for said in uploaded)
    assert any(said.startswith("photo.jpg. The network sees") for said in other)
