"""A unit answers "why": gradients from the worker, the gallery's pictures, activation maximisation with cancel."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.actions import expect_no_trouble, open_page, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SLOW_MS = 90_000  # the worker's first answer waits for torch, on a busy machine


def tab(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()
    settle(page)


def test_why_here(page: Page) -> None:
    open_page(page, "?layer=conv4")
    tab(page, "Why here")
    for alt in ("The part of the photograph that the value sees", "Deconvnet picture of the value",
                "Guided backpropagation picture of the value"):  # fmt: skip
        expect(page.get_by_alt_text(alt)).to_be_visible(timeout=SLOW_MS)
    expect_no_trouble(page)
    open_page(page, "?layer=fc8&unit=3&tab=why")
    expect(page.get_by_alt_text("Deconvnet picture of the value")).to_be_visible(timeout=SLOW_MS)
    expect_no_trouble(page)


def test_what_it_looks_for(page: Page, request: pytest.FixtureRequest) -> None:
    unit = 31 if "wide" in request.node.name else 32  # a finished one is kept for everybody
    open_page(page, f"?layer=conv5&unit={unit}&tab=dream")
    page.get_by_role("button", name="Draw it").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Draw it").click()
    expect(page.get_by_text("The unit answers ")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_alt_text(f"The picture that conv5 unit {unit} answers to most")).to_be_visible()
    expect_no_trouble(page)
