"""The presenter's view: larger type, nothing around it, in the link, and a way out."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.present import SCALE
from app.text import table
from model.explorer import Explorer
from tests.e2e.actions import atlas, expect_no_trouble, open_page, point_at, settle
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e


def height(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["height"]


def test_larger_without_chrome_and_back(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"?layer=conv3&lang={lang}")
    before = height(page, ".bars .name")
    popovers = page.get_by_test_id("stPopoverButton").filter(
        has_text=re.compile(f"{words['link_title']}|{words['take_title']}")
    )
    timings = page.get_by_text(words["status"].partition("{forward")[0].rpartition("}")[2].strip(" .，。"))
    around = [popovers, page.locator(".st-key-language"), timings]
    for chrome in around:
        expect(chrome.first).to_be_visible()
    page.get_by_role("button", name=words["present_start"], exact=True).click()
    settle(page)
    for chrome in around:
        expect(chrome).to_have_count(0)
    assert "present=1" in page.url
    assert height(page, ".bars .name") == pytest.approx(SCALE * before, rel=0.05)
    expect(page.get_by_test_id("stHeader")).to_be_hidden()
    expect(page.get_by_test_id("stFileUploader")).to_be_hidden()
    atlas(page, "conv3")
    expect_no_trouble(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
    settle(page)
    assert "present" not in page.url
    assert height(page, ".bars .name") == pytest.approx(before, rel=0.05)
    page.keyboard.press("p")
    expect(page.get_by_role("button", name=words["present_stop"])).to_be_visible()


def test_a_link_presents_and_the_pointer_finds_its_place(wide_page: Page) -> None:
    open_page(wide_page, "?present=1&layer=conv3")
    config = Explorer.open(MODEL, "cpu").config
    unit = config.layer["conv3"].tower_units(1).start + 5
    point_at(wide_page, "conv3", unit, 6, 7)
    expect(wide_page.locator(".atlas .lines")).to_contain_text(f"conv3 unit {unit + 1}, GPU2, row 7, column 8")
    expect(wide_page.locator(".picture")).to_have_attribute(
        "data-field", " ".join(map(str, config.layer["conv3"].field(6, 7)))
    )
