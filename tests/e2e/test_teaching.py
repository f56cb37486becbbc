"""A class can be taught from docs/teaching.md: every link in it opens what it should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.text import table
from tests.e2e.actions import expect_no_trouble, open_page

TEXT = (Path(__file__).parents[2] / "docs" / "teaching.md").read_text(encoding="utf-8")
LINKS = dict.fromkeys(re.findall(r"\]\(http://localhost:8501/([^)]*)\)", TEXT))


def test_there_are_links_for_every_lesson() -> None:
    from app.lessons.every import LESSONS

    assert len(LINKS) > 20
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
