"""From the click on a layer to its atlas on the screen; layers, hover and range ask nothing of the server."""

from __future__ import annotations

import statistics
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.explorer_server import ATLAS, chromium, open_page, serve, timed
from benchmarks.figure import Figure, within

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS, WARM_UP, GOAL_MS = 4, 1, 50
AT_ONCE = "String(performance.now())"  # always another


def measure() -> list[Figure]:
    """Against a click that changes nothing, which takes two frames."""
    sent: list[object] = []
    with chromium() as browser, serve() as server:
        page = open_page(browser, server, sent=sent)
        layers = page.locator(".net button.name").all_inner_texts()
        begun = len(sent)
        rounds, floor = [], []
        for _ in range(WARM_UP + ROUNDS):
            rounds.append({layer: click(page, layer) for layer in layers[::-1]})
            floor += [timed(page, "click", partial(page.mouse.click, 4, 300), {"": AT_ONCE})[""] for _ in layers]
        hover_and_range(page, layers)
        frames = len(sent) - begun
    assert frames == 0, f"{frames} messages went to the server"
    medians = {layer: statistics.median(times[layer] for times in rounds[WARM_UP:]) for layer in layers}
    slowest = max(medians, key=lambda layer: medians[layer])
    what = (
        f"from the click on a layer to the paint of its atlas, median of {len(layers)} layers, the slowest {slowest} with "
        f"{medians[slowest]:.0f} ms, against a click that changes nothing (two frames); layers, hover and range sent 0 "
        f"messages to the server"
    )
    n = ROUNDS * len(layers)
    return [within("atlas_click", (statistics.median(medians.values()), statistics.median(floor)), n, what, GOAL_MS)]


def click(page: Page, layer: str) -> float:
    """Milliseconds of one click on a layer's name."""
    name = page.locator(".net button.name").get_by_text(layer, exact=True)
    return timed(page, "click", name.click, {"atlas": ATLAS})["atlas"]


def hover_and_range(page: Page, layers: list[str]) -> None:
    """Move over the maps of every layer that has some, switch range, order and colours."""
    pressed = 0
    for layer in layers:
        page.locator(".net button.name").get_by_text(layer, exact=True).click()
        maps = page.locator(".atlas .maps")
        if maps.count():
            for x, y in ((3, 3), (40, 9), (9, 40)):
                maps.first.hover(position={"x": x, "y": y}, force=True)
            for control in ("range", "sort", "colour"):
                button = page.locator(f".atlas .{control}")
                if button.is_visible():  # layers of single values have no ranges of their own
                    button.click()
                    pressed += control == "range"
    assert pressed, "no layer has a button for its range"
    page.wait_for_timeout(500)
