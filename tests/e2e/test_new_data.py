"""New data, as often and as late as it may come: every part of a page goes on listening, once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.actions import ENDED_LATE, atlas, go_to, open_page, point_at, settle

pytestmark = pytest.mark.e2e


def test_an_earlier_call_ends_late(wide_page: Page) -> None:
    """Streamlit may call a component for new data before what the call before returned, or never call that at all."""
    wide_page.add_init_script(ENDED_LATE)
    open_page(wide_page, "")
    expect(atlas(wide_page)).to_have_attribute("data-layer", "conv1")
    wide_page.keyboard.press("ArrowRight")  # keys hear it, the net opens the layer, the atlas draws it
    expect(atlas(wide_page)).to_have_attribute("data-layer", "norm1")
    field = wide_page.locator(".picture").get_attribute("data-field") or ""
    point_at(wide_page, "norm1", 5, 50, 50)
    expect(wide_page.locator(".picture")).not_to_have_attribute("data-field", field)
    wide_page.get_by_test_id("stPopoverButton").filter(has_text="Take away").click()
    expect(wide_page.locator(".take[data-pictures]")).to_be_visible()
    assert wide_page.evaluate("globalThis.ticking.size") == 1
    wide_page.keyboard.press("Escape")
    wide_page.get_by_role("button", name="Why? Show where").first.click()
    expect(wide_page.get_by_role("heading", name="Where a class comes from")).to_be_in_viewport()
    go_to(wide_page, "Neighbours")
    drawn = wide_page.locator(".map[data-painted]")
    expect(drawn).to_be_visible()
    settle(wide_page)
    drawn.evaluate("(map) => (map.dataset.painted = 'before') && alexnet.dispatchEvent(new Event('points'))")
    expect(drawn).not_to_have_attribute("data-painted", "before")
