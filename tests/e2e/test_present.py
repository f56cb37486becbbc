"""The presenter's view: larger type, nothing around it, in the link, and a way out."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.present import SCALE
from app.text import table
from model.explorer import Explorer
from tests.e2e.actions import atlas, expect_no_trouble, open_layer, open_page, point_at, settle
from tests.e2e.test_kernels import click_bar
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e


def height(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["height"]


def fills_its_room(page: Page) -> None:
    """The drawing is as wide as there is room, or as wide as it has to be: 15 boxes of 52 px and 74 px before them.

    Then its edge fades, since the rest is a scroll away.
    """
    width, room, fades = page.locator(".net").evaluate(
        "(net) => [net.offsetWidth, net.parentElement.clientWidth, net.parentElement.matches('.more-right')]"
    )
    assert width == pytest.approx(max(74 + 15 * 52, room), abs=1)
    assert fades == (width > room + 1)


def test_larger_without_chrome_and_back(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"?lang={lang}")
    open_layer(page, "conv3")  # the browser alone knows of it
    fills_its_room(page)
    before = height(page, ".bars .value")
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
    assert "layer=conv3" in page.url
    fills_its_room(page)
    assert height(page, ".bars .value") == pytest.approx(SCALE * before, rel=0.05)
    expect(page.get_by_test_id("stHeader")).to_be_hidden()
    expect(page.get_by_test_id("stFileUploader")).to_be_hidden()
    atlas(page, "conv3")
    covers = page.locator('[data-testid="stLayoutWrapper"]:has(> .st-key-foot)')
    expect(covers).to_have_css("position", "static")
    expect_no_trouble(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
    settle(page)
    assert "present" not in page.url
    assert "layer=conv3" in page.url
    fills_its_room(page)
    assert height(page, ".bars .value") == pytest.approx(before, rel=0.05)
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


@pytest.mark.parametrize("path", ["kernels", "lessons?lesson=update&step=3&lang=zh"])
def test_charts_keep_to_their_columns_and_grow(wide_page: Page, path: str) -> None:
    """All of a chart is in sight, its type as large as the page's; a click still finds its bar."""
    page = wide_page
    open_page(page, f"{path}{'&' if '?' in path else '?'}present=1")
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts.nth(2)).to_be_visible()
    for chart in charts.all():
        drawn, room = (chart.locator(part).first.bounding_box() for part in (".main-svg", "xpath=.."))
        assert drawn
        assert room
        assert drawn["x"] + drawn["width"] <= room["x"] + room["width"] + 1
        assert drawn["width"] > 0.9 * room["width"]
    size = page.locator(".js-plotly-plot .xtitle").first.evaluate(
        "(title) => parseFloat(getComputedStyle(title).fontSize)"
    )
    assert size == pytest.approx(14 * SCALE, abs=2.5)
    if path == "kernels":
        click_bar(page, page.locator("[class*='st-key-kernel_selectivity']"), 3)
        expect(page.get_by_text("Ringed, ")).to_be_visible()
