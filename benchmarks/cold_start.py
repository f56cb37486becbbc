"""From starting the process to the first complete page, in a new process and a new browser context."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.explorer_server import MAIN, NET, TOP5, chromium, empty_app, open_page, serve
from benchmarks.figure import Figure, within

if TYPE_CHECKING:
    from playwright.sync_api import Browser

N, GOAL_S = 3, 5
COMPLETE = f"() => stopwatch.read({TOP5!r}) && stopwatch.read({NET!r})"


def measure() -> list[Figure]:
    """Against the same of an empty app. The first run, in which the system's caches warm up, is left out."""
    with chromium() as browser:
        ours = [start(browser, MAIN) for _ in range(N + 1)][1:]
        with empty_app() as empty:
            floor = [start(browser, empty) for _ in range(N + 1)][1:]
    healthy, complete = (statistics.median(times) for times in zip(*ours, strict=True))
    raw = statistics.median(times[1] for times in floor)
    what = (
        f"from the start of the process to the first complete page: picture, bars, net and atlas painted, script at rest; "
        f"{healthy:.1f} s of it until the server answers; against the same of an empty Streamlit app; the system's file "
        f"cache is warm, the browser is running, its context is new"
    )
    return [within("cold_start", (complete, raw), N, what, GOAL_S, unit="s")]


def start(browser: Browser, app: Path) -> tuple[float, float]:
    """Seconds until the server answers, and until the page is complete."""
    begun = time.perf_counter()
    with serve(app) as server:
        healthy = time.perf_counter() - begun
        page = open_page(browser, server)  # which also waits for half a second of rest
        at_rest = time.time() - page.evaluate("() => (performance.now() - stopwatch.settledAt()) / 1e3")
        complete = at_rest - time.time() + time.perf_counter() - begun
        if app == MAIN and not page.evaluate(COMPLETE):
            raise ValueError("the page came to rest without its bars or its net.")
        page.context.close()
    return healthy, complete
