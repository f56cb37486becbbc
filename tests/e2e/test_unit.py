"""A unit answers "why": gradients from the worker, the gallery's pictures, activation maximisation with cancel."""

import pytest
from playwright.sync_api import Page, expect

from app.text import table
from tests.e2e.actions import expect_no_trouble, open_page, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SLOW_MS = 90_000  # the worker's first answer waits for torch, on a busy machine


def tab(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()
    settle(page)


def test_why_here(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"?layer=conv4&lang={lang}")
    tab(page, words["unit_tab_why"])
    for alt in ("why_patch_alt", "why_deconvnet_alt", "why_guided_backprop_alt"):
        expect(page.get_by_alt_text(words[alt])).to_be_visible(timeout=SLOW_MS)
    expect_no_trouble(page)
    open_page(page, f"?layer=fc8&unit=3&tab=why&lang={lang}")
    expect(page.get_by_alt_text(words["why_deconvnet_alt"])).to_be_visible(timeout=SLOW_MS)
    expect_no_trouble(page)


def test_what_it_looks_for(page: Page, lang: str) -> None:
    words, unit = table(lang), 31 if lang == "en" else 32  # a finished one is kept for everybody
    open_page(page, f"?layer=conv5&unit={unit}&tab=dream&lang={lang}")
    page.get_by_role("button", name=words["dream_button"]).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name=words["dream_cancel"], exact=True).click()
    expect(page.get_by_text(words["dream_cancelled"])).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name=words["dream_button"]).click()
    expect(page.get_by_text(words["dream_caption"].split("{")[0])).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_alt_text(words["dream_alt"].format(name="conv5", number=unit))).to_be_visible()
    expect_no_trouble(page)
    page.reload()  # it is kept
    settle(page)
    expect(page.get_by_alt_text(words["dream_alt"].format(name="conv5", number=unit))).to_be_visible()
