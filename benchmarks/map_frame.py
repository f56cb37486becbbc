"""The map at 50,000 points, in Chromium: one frame moved in the plane or turned in space; a lasso about most of them."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import explorer_server as explorer
from benchmarks.figure import Figure, within

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

N, N_LASSO, GOAL_MS, COUNT = 60, 12, 16, 50_000
APP = f"""
import sys
sys.path.insert(0, {str(explorer.ROOT)!r})
import numpy as np
import streamlit as st
from app.components.map import Asked, Kind, point_map, selected
dims = int(st.query_params.get("dims", "2"))
chance = np.random.default_rng(0)
positions = chance.standard_normal(({COUNT}, dims)).astype(np.float32) + 4 * chance.standard_normal((20, dims))[np.arange({COUNT}) % 20]
kinds = [Kind(str(i), "#%02x%02x%02x" % (12 * i, 99, 255 - 12 * i), {COUNT} // 20) for i in range(20)]
point_map(positions.astype(np.float32), np.arange({COUNT}, dtype=np.uint16) % 20, kinds, "gallery/0/ROW", False, Asked(positions[0], [1, 2]), [], "k", lambda: None, lambda: None)
st.html(f'<p class="count">{{len(selected(positions))}}</p>')
"""
CHOSEN = "(inside('.map')?.dataset.selected ?? '')"
COUNTED = "texts('.count')"
EMPTY = """async (n) => {
  const context = document.createElement("canvas").getContext("2d");
  Object.assign(context.canvas, { width: 900, height: 560 });
  const image = context.createImageData(900, 560), out = new Uint32Array(image.data.buffer), times = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    out.fill(i);
    context.putImageData(image, 0, 0);
    times.push(performance.now() - start);
    await new Promise(requestAnimationFrame);
  }
  return times;
}"""


def measure() -> list[Figure]:
    """The script's share of a frame, against filling and showing an image of the same size."""
    figures = []
    with tempfile.TemporaryDirectory() as folder, explorer.chromium() as browser:
        app = Path(folder) / "points.py"
        app.write_text(APP)
        with explorer.serve(app) as server:
            for dims, what in ((2, "moved in the plane"), (3, "turned in space")):
                page = explorer.open_page(browser, server, f"?dims={dims}")
                empty = statistics.median(page.evaluate(EMPTY, N))
                box = page.locator("div.map .over").bounding_box()
                assert box
                page.mouse.move(box["x"] + 300, box["y"] + 200)
                page.mouse.down()
                times = []
                for i in range(N):
                    page.mouse.move(box["x"] + 300 + 3 * (i % 20), box["y"] + 200 + 2 * (i % 20))
                    page.wait_for_timeout(30)
                    times.append(float(str(page.locator(".map").get_attribute("data-frame-ms"))))
                page.mouse.up()
                said = f"one frame of {COUNT:,} points {what}, {box['width']:.0f} x {box['height']:.0f}; against filling and showing an image of 900 x 560"
                figures.append(within(f"map_frame {dims}-D", (statistics.median(times), empty), N, said, GOAL_MS))
            figures.append(_lasso(browser, server))
    return figures


def _lasso(browser: Browser, server: explorer.Server) -> Figure:
    """From the pointer's going up to the paint of what is selected, and to the server's word on how many it is."""
    page = explorer.open_page(browser, server, "?dims=2")
    box = page.locator("div.map .over").bounding_box()
    assert box
    page.get_by_role("button", name="Lasso").click()
    rounds = []
    for i in range(N_LASSO + 2):
        top = (0.1 + 0.02 * i) * box["height"]  # another selection each time
        corners = [(2, top), (box["width"] - 2, top), (box["width"] - 2, box["height"] - 2), (2, box["height"] - 2)]
        _draw(page, [(box["x"] + x, box["y"] + y) for x, y in corners])
        rounds.append(explorer.timed(page, "pointerup", page.mouse.up, {"painted": CHOSEN, "told": COUNTED}))
    times = explorer.medians(rounds[2:])
    least = int(page.locator(".count").inner_text())
    said = (
        f"from the pointer's going up to the paint of what a lasso holds, {least:,} of {COUNT:,} points or more; against the way "
        "to the server and back: until its count of them is painted"
    )
    return Figure(
        name="map_lasso", ours=times["painted"], reference=times["told"], unit="ms", n=N_LASSO, what=said,
        ratio=times["painted"] / times["told"], goal="", met=None,
    )  # fmt: skip


def _draw(page: Page, path: list[tuple[float, float]]) -> None:
    """Along a path with the pointer down, some steps between corners, as a hand does."""
    page.mouse.move(*path[0])
    page.mouse.down()
    for corner in path[1:]:
        page.mouse.move(*corner, steps=10)
