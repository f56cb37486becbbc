"""Layer, hover and range change in the browser alone: the page has nothing to ask the server."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.actions import atlas, open_page

pytestmark = pytest.mark.e2e


def test_layers_hover_and_range_ask_nothing(page: Page) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_page(page, "")
    expect(atlas(page)).to_have_attribute("data-layer", "conv1")
    assert sent  # the page was asked for, so messages are counted
    before = len(sent)
    for layer in ("conv5", "fc7", "prob", "conv2"):
        page.locator(".net button.name").get_by_text(layer, exact=True).click()
        expect(atlas(page)).to_have_attribute("data-layer", layer)
    for x, y in ((3, 3), (40, 9)):
        page.locator(".atlas .maps").last.hover(position={"x": x, "y": y})
    for control in ("range", "sort", "colour"):
        page.locator(f".atlas .{control}").click()
    page.wait_for_timeout(500)
    assert len(sent) == before


def test_a_chosen_unit_asks_once(page: Page) -> None:
    """The count is a real one: what the server has to know does reach it."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_page(page, "")
    before = len(sent)
    page.locator(".atlas .maps").first.click(position={"x": 3, "y": 3})
    page.wait_for_timeout(500)
    assert len(sent) == before + 1
