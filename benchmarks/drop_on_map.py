"""From the moment a photograph is chosen on the Neighbours page to its place on the map and its neighbours' strips."""

from __future__ import annotations

from app.galleries import SHIPPED
from benchmarks import explorer_server as explorer
from benchmarks.figure import Figure, within
from benchmarks.picture_to_top5 import WARM_UP, N, uploads
from model.gallery.store import Gallery

GOAL_MS = 300
MAP, STRIPS = "painted('div.map')", "painted('.figure')"


def measure() -> list[Figure]:
    """In the shipped gallery, against the bare forward pass and the same file into an empty app."""
    forward, photos = explorer.forward_ms("neighbours"), explorer.photographs(N + WARM_UP)
    with explorer.chromium() as browser:
        with explorer.serve() as server:
            page = explorer.open_page(browser, server, "neighbours")
            times = explorer.medians(uploads(page, photos, {"map": MAP, "strips": STRIPS}))
        with explorer.serve_empty() as empty:
            floor = explorer.medians(uploads(explorer.open_page(browser, empty), photos, {"runs": explorer.RUNS}))[
                "runs"
            ]
    path = explorer.model_of("neighbours")
    num_pictures = len(Gallery.open(path.with_name(SHIPPED), path))
    what = (
        f"from the file box's change event to the paint of the map with the picture on it, a new {len(photos[0]) / 1e3:.0f} kB "
        f"JPEG each time, among the {num_pictures:,} of {path.parent.name}'s gallery; against the forward pass alone ({forward:.1f} ms) and the same "
        f"file into an empty Streamlit page ({floor:.0f} ms); the strips are painted after {times['strips']:.0f} ms"
    )
    return [within("drop_on_map", (times["map"], forward + floor), N, what, GOAL_MS)]
