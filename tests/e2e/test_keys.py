"""The explorer by keyboard alone: layers, units, places, one step back, and the sheet that says so."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.text import table
from tests.e2e.actions import atlas, open_page, settle

pytestmark = pytest.mark.e2e


def box(page: Page, layer: str, tower: int = 0) -> Locator:
    return page.locator(f'.net .box[data-layer="{layer}"][data-tower="{tower}"]')


def ready(page: Page, path: str = "") -> None:
    """Open a page whose keys are listened to."""
    open_page(page, path)
    page.locator(".keys[data-ready]").wait_for(state="attached")


def test_arrows_change_the_layer(wide_page: Page) -> None:
    ready(wide_page)
    wide_page.keyboard.press("ArrowRight")
    atlas(wide_page, "norm1")
    box(wide_page, "norm1", 1).focus()
    wide_page.keyboard.press("ArrowRight")
    atlas(wide_page, "pool1")
    expect(box(wide_page, "pool1", 1)).to_be_focused()
    wide_page.keyboard.press("ArrowLeft")
    wide_page.keyboard.press("ArrowLeft")
    wide_page.keyboard.press("ArrowLeft")  # there is none before conv1
    atlas(wide_page, "conv1")
    expect(box(wide_page, "conv1", 1)).to_be_focused()


def test_enter_goes_in_and_escape_back(wide_page: Page) -> None:
    page = wide_page
    ready(page, "?layer=conv5")
    box(page, "conv5", 1).focus()
    page.keyboard.press("Enter")
    expect(atlas(page, "conv5").locator("canvas.maps").nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    settle(page)
    page.locator(".atlas .card canvas").focus()
    page.keyboard.press("ArrowDown")
    settle(page)
    at = re.search(r"at=(\d+)(?:~|%7E)(\d+)", page.url)
    assert at
    expect(page.locator(".window .lead")).to_contain_text(f", row {at[1]}, column {at[2]} reads 3 x 3 values")
    page.keyboard.press("Escape")
    settle(page)
    assert "at=" not in page.url
    assert "unit=" in page.url
    page.keyboard.press("Escape")
    settle(page)
    assert "unit=" not in page.url
    page.keyboard.press("Escape")
    expect(box(page, "conv5")).to_be_focused()


def test_keys_stay_where_somebody_types(wide_page: Page) -> None:
    ready(wide_page, "?layer=conv3")
    wide_page.get_by_text("Sample", exact=True).click()
    wide_page.keyboard.press("ArrowRight")  # on the choice of sources, the next source
    wide_page.wait_for_timeout(300)
    atlas(wide_page, "conv3")


def test_escape_ends_painting_first(wide_page: Page) -> None:
    ready(wide_page, "?layer=conv3&unit=3")
    wide_page.get_by_role("button", name="Paint", exact=True).click()
    expect(wide_page.locator(".picture .tools")).to_be_visible()
    wide_page.keyboard.press("Escape")
    expect(wide_page.locator(".picture .tools")).to_be_hidden()
    assert "unit=3" in wide_page.url


def test_help(page: Page, lang: str) -> None:
    """By key and by touch; it says the keys of this page, holds the focus, and gives it back."""
    words = table(lang)
    ready(page, f"?lang={lang}")
    box(page, "conv1").focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name=words["keys_title"])
    expect(sheet).to_contain_text(words["keys_layers"])
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.shadowRoot?.querySelector('dialog')"
        )
    page.keyboard.press("ArrowRight")  # the page behind is still
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(box(page, "conv1")).to_be_focused()
    atlas(page, "conv1")
    page.get_by_role("button", name=words["keys_open"]).click()
    expect(sheet).to_be_visible()
    where = sheet.bounding_box()
    assert where
    assert where["x"] >= 0
    assert where["x"] + where["width"] <= page.evaluate("innerWidth")
    sheet.get_by_role("button", name=words["keys_close"]).click()
    expect(sheet).to_be_hidden()


def test_help_is_where_the_eye_is(wide_page: Page) -> None:
    ready(wide_page, "kernels")
    wide_page.mouse.move(700, 300)
    wide_page.keyboard.press("?")
    sheet = wide_page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("On the kernels")
    where = sheet.bounding_box()
    assert where
    assert abs(where["x"] - 700) < 60
    assert abs(where["y"] - 300) < 60
