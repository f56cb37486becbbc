"""A class can be taught from docs/teaching.md: every link in it opens what it should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.samples import sample_path
from app.text import table
from tests.e2e.actions import atlas, expect_no_trouble, go_to, open_layer, open_page, settle, upload

TEXT = (Path(__file__).parents[2] / "docs" / "teaching.md").read_text(encoding="utf-8")
LINKS = dict.fromkeys(re.findall(r"\]\(http://localhost:8501/([^)]*)\)", TEXT))


def test_there_are_links_for_every_lesson() -> None:
    from app.lessons.every import LESSONS

    assert len(LINKS) >= 18
    assert {name for link in LINKS for name in re.findall(r"lesson=(\w+)", link)} == set(LESSONS)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_opens_what_it_names(wide_page: Page, link: str) -> None:
    open_page(wide_page, link)
    expect_no_trouble(wide_page)
    if name := re.search(r"lesson=(\w+)", link):
        title = table("en")[f"lesson_{name[1]}_title"]
        expect(wide_page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    if layer := re.search(r"layer=(\w+)", link):
        expect(wide_page.locator(f'.atlas[data-layer="{layer[1]}"]')).to_be_visible()
    if "mute=gpu2" in link:
        expect(wide_page.get_by_role("button", name="Muted")).to_have_count(1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_ten_minutes_keep_the_picture(wide_page: Page, lang: str) -> None:
    """The plan in its order, by the page's own buttons, on a photograph that was dropped at its beginning."""
    page, words = wide_page, table(lang)
    open_page(page, f"?lang={lang}")
    upload(page, "mine.png", sample_path("flower").read_bytes())
    page.keyboard.press("p")
    expect(page.get_by_role("button", name=words["present_stop"])).to_be_visible()
    settle(page)
    page.keyboard.press("ArrowRight")
    atlas(page, "norm1")
    open_layer(page, "conv1")
    open_layer(page, "conv5")
    go_to(page, words["page_kernels"])
    page.get_by_role("button", name=words["kernels_play"]).click()
    go_to(page, words["page_explore"])
    mutes = page.locator(".net .gpu .mute")
    for presses, gpu in ((2, 1), (1, 0)):
        for _ in range(presses):
            mutes.nth(gpu).click()
            settle(page)
    expect(page.get_by_role("button", name=words["net_muted"])).to_have_count(1)
    mutes.nth(0).click()
    settle(page)
    go_to(page, words["page_predict"])
    page.get_by_role("button", name=words["picture_paint"], exact=True).click()
    page.locator(".picture canvas.over").click(position={"x": 60, "y": 60})
    settle(page)
    page.get_by_role("button", name=words["picture_clear"]).click()
    settle(page)
    go_to(page, words["page_neighbours"])
    go_to(page, words["page_lessons"])
    page.get_by_role("button", name=words["lesson_wrong_title"]).click()
    settle(page)
    page.get_by_role("button", name=words["lessons_try"]).click()
    settle(page)
    page.locator(".st-key-claim_conv1").get_by_text(words["lesson_wrong_false"], exact=True).click()
    settle(page)
    expect(page.get_by_text(words["picture_caption"].split("{crop}")[0].format(name="mine.png"))).to_be_visible()
    assert "picture=not-in-link" in page.url
    assert "present=1" in page.url
    expect_no_trouble(page)
