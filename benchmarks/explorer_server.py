"""The explorer as its benchmarks meet it: a server of its own on a free port, Chromium, and a stopwatch in the page."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from app.pages import OPENS_ON
from app.samples import FILES, sample_path
from benchmarks.figure import median_ms
from benchmarks.ort_alone import forward_pass

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
MAIN = ROOT / "app" / "main.py"
PHOTO_PX = (1024, 768)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
EMPTY_APP = """import streamlit as st
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.file_uploader("a file", key="upload")
st.button("again")
st.html(f'<p class="runs">{st.session_state.runs}</p>')
"""
STOPWATCH = (Path(__file__).parent / "stopwatch.js").read_text(encoding="utf-8")
# What is on the screen, as text that changes with it.
TOP5 = "texts('.st-key-top5 .name') + texts('.st-key-top5 .value')"
NET, ATLAS = "painted('.net')", "painted('.atlas')"
RUNS = "texts('.runs')"
ASKED, TOLD = "passed.asked", "passed.told"  # the server, of the event; the browser, of the bars
AT_REST = "atRest(location.pathname + painted('.picture'))"  # the page and picture of a script that has ended


@dataclass(frozen=True)
class Server:
    """A running Streamlit server."""

    address: str
    process: subprocess.Popen[bytes]

    def memory_mb(self) -> float:
        """Resident memory of the process and all it started, megabytes."""
        pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in _family(self.process.pid))
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_seconds(self) -> float:
        """Processor time that the process has had."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serve(app: Path = MAIN) -> Iterator[Server]:
    """Run a Streamlit app with this project's configuration until the end of the block.

    Raises
    ------
    ValueError
        When it does not start, with the end of what it said.
    """
    environment = {name: value for name, value in os.environ.items() if name != "ALEXNET_MODEL"}
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless", "true", "--server.port"]
    with tempfile.TemporaryFile() as log:
        port = _free_port()
        process = subprocess.Popen([*command, str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            server = Server(f"http://localhost:{port}", process)
            _wait_until_healthy(server, log)
            yield server
        finally:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def empty_app() -> Iterator[Path]:
    """An app of a file box, a button and a counter: what Streamlit itself takes."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "empty.py"
        app.write_text(EMPTY_APP)
        yield app


@contextlib.contextmanager
def serve_empty() -> Iterator[Server]:
    """A server of the empty app."""
    with empty_app() as app, serve(app) as server:
        yield server


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, without a window.

    Raises
    ------
    ValueError
        When there is no Playwright, or no Chromium.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise ValueError("it needs Playwright: pip install -r requirements-test.txt.") from None
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error:
            raise ValueError("it needs Chromium: apt-get install chromium, or playwright install chromium.") from None
        yield browser
        browser.close()


def open_page(browser: Browser, server: Server, path: str = "", sent: list[object] | None = None) -> Page:
    """A page in a browser context of its own, complete and with a stopwatch; `sent` gets what it tells the server."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    if sent is not None:
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.add_init_script(STOPWATCH)
    page.goto(f"{server.address}/{path}")
    settle(page)
    return page


def settle(page: Page) -> None:
    """Wait until the script has run to its end and half a second has passed without another run."""
    page.wait_for_function("() => stopwatch.idle() > 500", polling=50)


def timed(page: Page, event: str, act: Callable[[], object], marks: Mapping[str, str]) -> dict[str, float]:
    """As `times_of`, and then the page comes to rest."""
    times = times_of(page, event, act, marks)
    settle(page)
    return times


def times_of(page: Page, event: str, act: Callable[[], object], marks: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds from an event in the page to the paint of what it brought.

    Parameters
    ----------
    event : str
        Type of the DOM event that starts the watch: "click", "change".
    act : callable
        What makes that event come.
    marks : mapping
        JavaScript expressions by name; each has arrived when it is something else than before, and not empty.
    """
    page.evaluate("([event, marks]) => stopwatch.start(event, marks)", [event, dict(marks)])
    act()
    times: dict[str, float] = page.evaluate("() => stopwatch.times")
    return times


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Of each mark."""
    return {name: statistics.median(times[name] for times in rounds) for name in rounds[0]}


def spread(rounds: list[dict[str, float]], name: str) -> str:
    """A mark's shortest and longest time, in words."""
    times = [times[name] for times in rounds]
    return f"{min(times):.0f} to {max(times):.0f} ms"


def choose_file(page: Page, data: bytes, name: str = "photo.jpg") -> None:
    """Put a file into the page's file box."""
    file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
    page.locator('.st-key-upload input[type="file"]').set_input_files(file)  # type: ignore[arg-type]


def photographs(num: int, seed: int = 0) -> list[bytes]:
    """Different photographs: parts of the samples, as JPEG files of 1024 x 768."""
    chance, files = np.random.default_rng(seed), []
    samples = [Image.open(sample_path(name)).convert("RGB") for name in FILES]
    for i in range(num):
        sample = samples[i % len(samples)]
        width = chance.uniform(0.6, 1.0) * min(sample.width, sample.height * 4 / 3)
        left, top = chance.uniform(0, sample.width - width), chance.uniform(0, sample.height - 0.75 * width)
        file = io.BytesIO()
        box = (left, top, left + width, top + 0.75 * width)
        sample.resize(PHOTO_PX, box=box).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return files


def forward_ms(page: str = "") -> float:
    """Median milliseconds of a bare pass through ONNX Runtime, all activations, of the model that a page opens on."""
    return median_ms(forward_pass(model_of(page)), 30)


def model_of(page: str) -> Path:
    """The shipped model that a page opens on."""
    shipped = {path.parent.name: path for path in sorted((ROOT / "assets" / "models").glob("*/model.onnx"))}
    return shipped.get(OPENS_ON.get(page, ""), next(iter(shipped.values())))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_healthy(server: Server, log: io.BufferedRandom) -> None:
    for _ in range(1200):
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    log.seek(0)
    raise ValueError(f"the server did not start: {log.read().decode()[-500:]}")


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    folder = Path(f"/proc/{pid}/task")
    if not folder.exists():
        raise ValueError("it reads memory from /proc; measure on Linux.")
    children = [int(child) for task in folder.iterdir() for child in (task / "children").read_text().split()]
    return [pid, *(one for child in children for one in _family(child))]
