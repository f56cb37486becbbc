"""What strips and map show, and what a search by hand finds."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Locator, Page

from model.gallery.store import Gallery
from tests.e2e.actions import open_page

NUM_CLASSES, PER_CLASS = 6, 8  # of the gallery


def strip(page: Page, name: str) -> Locator:
    return page.locator(f'.strip[data-name="{name}"]')


def rows(page: Page, name: str) -> list[int]:
    tiles = strip(page, name).locator(".tile")
    return [int(str(tiles.nth(i).get_attribute("data-row"))) for i in range(tiles.count())]


def brute(gallery: Gallery, layer: str, query: np.ndarray, k: int, without: int | None = None) -> list[int]:
    distances = ((np.asarray(gallery.features[layer], np.float64) - query.astype(np.float64)) ** 2).sum(1)
    return [int(row) for row in np.argsort(distances, kind="stable") if row != without][:k]


def the_map(page: Page, address: str = "neighbours?gallery=colours") -> Locator:
    open_page(page, address)
    found = page.locator(".map[data-painted]")
    found.locator(".over").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    return found


def at(found: Locator, row: int) -> tuple[float, float]:
    """Where a row is on the window."""
    place = found.evaluate("(root, row) => root.place(row)", row)
    box = found.locator(".over").bounding_box()
    assert box
    zoom = box["width"] / found.locator(".over").evaluate("(over) => over.clientWidth")
    return box["x"] + zoom * place[0], box["y"] + zoom * place[1]
