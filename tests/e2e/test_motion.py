"""Who asked for less motion gets none: no transitions, and Play shows the end at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.text import table
from tests.e2e.actions import open_page

pytestmark = pytest.mark.e2e


@pytest.fixture
def still(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=server, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def test_no_transition(still: Page) -> None:
    open_page(still, "")
    panel = still.locator(".st-key-unit_panel")
    assert panel.evaluate("(node) => getComputedStyle(node).transitionDuration") == "0s"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_history_jumps(still: Page, lang: str) -> None:
    open_page(still, f"kernels?lang={lang}")
    kernels = still.locator(".atlas[data-moment]")
    play = still.get_by_role("button", name=table(lang)["kernels_play"], exact=True)
    last = kernels.get_attribute("data-moment") or ""
    assert int(last) > 1
    play.click()
    expect(kernels).to_have_attribute("data-moment", "0")
    still.wait_for_timeout(600)  # longer than two moments of the animation
    expect(kernels).to_have_attribute("data-moment", "0")
    play.click()
    expect(kernels).to_have_attribute("data-moment", last)


def test_products_jump(still: Page) -> None:
    open_page(still, "?layer=conv3&unit=3")
    play = still.locator(".window .play")
    later = still.locator(".window .grid td.later")
    expect(later).to_have_count(0)
    play.click()
    expect(later).to_have_count(9)
    still.wait_for_timeout(600)
    expect(later).to_have_count(9)
    play.click()
    expect(later).to_have_count(0)
