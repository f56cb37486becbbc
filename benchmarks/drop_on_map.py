"""From the moment a photograph is chosen on the Neighbours page to its place on the map and its neighbours' strips."""

from __future__ import annotations

from benchmarks import explorer_server as explorer
from benchmarks.figure import Figure, within
from benchmarks.picture_to_top5 import WARM_UP, N, uploads

GOAL_MS = 300
MAP, STRIPS = "painted('div.map')", "painted('.figure')"


def measure() -> list[Figure]:
    """In the shipped gallery, against the bare forward pass and the same file into an empty app."""
    forward, photos = explorer.forward_ms(), explorer.photographs(N + WARM_UP)
    with explorer.chromium() as browser:
        with explorer.serve() as server:
            page = explorer.open_page(browser, server, "neighbours")
            times = explorer.medians(uploads(page, photos, {"map": MAP, "strips": STRIPS}))
        with explorer.serve_empty() as empty:
            floor = explorer.medians(uploads(explorer.open_page(browser, empty), photos, {"runs": explorer.RUNS}))[
                "runs"
            ]
    what = (
        f"from the file box's change event to the paint of the map with the picture on it, a new {len(photos[0]) / 1e3:.0f} kB "
        f"JPEG each time, among the 7,854 of the shipped gallery; against the forward pass alone ({forward:.1f} ms) and the same "
        f"file into an empty Streamlit page ({floor:.0f} ms); the strips are painted after {times['strips']:.0f} ms"
    )
    return [within("drop_on_map", (times["map"], forward + floor), N, what, GOAL_MS)]
