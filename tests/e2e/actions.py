"""What a person does, in words that the tests share."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

PAGES = ("", "activations", "kernels", "neighbours", "model")


def open_page(page: Page, path: str) -> None:
    """Go to an address and wait until all is drawn."""
    page.goto(f"/{path}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the server has nothing left to do and the pictures are there."""
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]')
    page.wait_for_timeout(300)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")


def go_to(page: Page, title: str) -> None:
    """Choose a page in the navigation."""
    page.get_by_role("link", name=title, exact=True).click()
    settle(page)


def upload(page: Page, name: str, data: bytes) -> None:
    """Drop a photograph."""
    page.locator('input[type="file"]').set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
    page.wait_for_timeout(500)
    settle(page)


def predictions(page: Page) -> list[str]:
    """The class names beside the top-5 bars, best first."""
    names = page.locator(".bars .name, .stPlotlyChart .ytick text")
    expect(names).to_have_count(5)
    return names.all_text_contents()


def atlas(page: Page) -> Locator:
    """The atlas of a layer, painted."""
    painted = page.locator(".atlas[data-painted]")
    expect(painted).to_be_visible()
    return painted


def expect_no_trouble(page: Page) -> None:
    """No exception, no error, nothing wider than the window."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(re.compile("Traceback"))).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
