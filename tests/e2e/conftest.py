"""The explorer as a person meets it: a server of its own on a free port, and Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
expect.set_options(timeout=20_000)  # a busy machine may take more than Playwright's 5 s
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running explorer on the shipped model."""
    with serving("app/main.py", tmp_path_factory.mktemp("server")) as address:
        yield address


@contextmanager
def serving(script: str, folder: Path, model: Path | None = None) -> Iterator[str]:
    """Address of a server of its own that runs a Streamlit script, on a model beside the shipped ones.

    It logs into a folder, and keeps galleries below it.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port)]
    command = [sys.executable, "-m", "streamlit", "run", script, *options]
    log = folder / "log.txt"
    environment = {name: value for name, value in os.environ.items() if name != "ALEXNET_MODEL"}
    environment |= {"ALEXNET_GALLERIES": str(folder / "galleries"), "ALEXNET_MODELS": str(folder / "models")}
    if model:
        environment["ALEXNET_MODEL"] = str(model)
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        address = f"http://localhost:{port}"
        _wait_until_healthy(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium, or any package that puts chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=[1280, 400], ids=["wide", "narrow"])
def page(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a window of 1280 or 400 pixels; fails the test on requests to anywhere else and on script errors."""
    yield from _watched_page(browser, server, request.param)


@pytest.fixture
def lang(page: Page) -> str:
    """English at 1280 pixels, Chinese at 400: both languages and both widths in two runs."""
    return "en" if page.viewport_size and page.viewport_size["width"] > 400 else "zh"


@pytest.fixture
def wide_page(browser: Browser, server: str) -> Iterator[Page]:
    """The same at 1280 pixels alone, for what no width changes."""
    yield from _watched_page(browser, server, 1280)


def _watched_page(browser: Browser, server: str, width: int) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=server)
    page = context.new_page()
    page.set_default_timeout(30_000)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if "Content Security Policy" in said.text else None)
    page.on(
        "request",
        lambda sent: trouble.append(sent.url) if not sent.url.startswith((server, "data:", "blob:")) else None,
    )
    yield page
    context.close()
    assert trouble == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine may be late once; what fails twice is broken. Reruns are listed at the end."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))
