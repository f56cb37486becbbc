"""From the moment a photograph is chosen to its five bars on the screen, each time another photograph."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks import explorer_server as explorer
from benchmarks.figure import Figure, within

if TYPE_CHECKING:
    from playwright.sync_api import Page

N, WARM_UP, GOAL_MS = 15, 3, 150
SENT = 'performance.getEntriesByType("resource").findLast(({ name }) => name.includes("upload_file"))?.responseEnd'


def measure() -> list[Figure]:
    """Against the bare forward pass and the way of the same file through an empty app."""
    forward, photos = explorer.forward_ms(), explorer.photographs(N + WARM_UP)
    with explorer.chromium() as browser:
        with explorer.serve() as server:
            marks = {"sent": SENT, "told": explorer.TOLD, "top5": explorer.TOP5, "net": explorer.NET}
            rounds = uploads(explorer.open_page(browser, server), photos, marks)
        with explorer.serve_empty() as empty:
            bare = uploads(explorer.open_page(browser, empty), photos, {"runs": explorer.RUNS})
    times, floor = explorer.medians(rounds), explorer.medians(bare)["runs"]
    what = (
        f"from the file box's change event to the paint of the five bars, a new {len(photos[0]) / 1e3:.0f} kB JPEG each "
        f"time, against the forward pass alone ({forward:.1f} ms) and the same file into an empty Streamlit page "
        f"({floor:.0f} ms, two requests and a rerun); the net and all activations are painted after {times['net']:.0f} ms; "
        f"of the median {times['sent']:.0f} ms until the file is on the server, {times['told'] - times['sent']:.0f} until its message "
        f"with the bars is back, {forward:.0f} of them in the network, {times['top5'] - times['told']:.0f} until they are painted; "
        f"single pictures {explorer.spread(rounds, 'top5')}"
    )
    goal = f"forward pass + {GOAL_MS} = {forward + GOAL_MS:.0f} ms"
    return [within("picture_to_top5", (times["top5"], forward + floor), N, what, forward + GOAL_MS, f"<= {goal}")]


def uploads(page: Page, photos: list[bytes], marks: dict[str, str]) -> list[dict[str, float]]:
    """Milliseconds by mark, one photograph after the other, the first few left out."""
    rounds = [explorer.timed(page, "change", partial(explorer.choose_file, page, photo), marks) for photo in photos]
    return rounds[WARM_UP:]
