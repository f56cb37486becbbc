"""From a bar, or a crop's vote, to what in the picture speaks for it."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.figures import probability_text
from app.samples import sample_path
from model.explorer import Explorer, top
from tests.e2e.actions import expect_no_trouble, open_page, settle, upload
from tests.test_shipped_model import MODEL, OF_200

pytestmark = pytest.mark.e2e


def test_from_an_uploaded_picture_to_grad_cam(page: Page) -> None:
    """The page is not loaded anew, which would lose the picture; the answer comes into sight and has the focus."""
    open_page(page, "")
    upload(page, "coffee.png", sample_path("coffee").read_bytes())
    third = Explorer.open(MODEL, "cpu").run(sample_path("coffee")).top(3)[2]
    button = page.get_by_role("button", name=f"Why? Show where {third.name} comes from")
    box = button.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 24
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_alt_text(f"Grad-CAM of {third.name} over the crop")).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.get_by_text("coffee.png. The network sees")).to_have_count(1)
    expect(page.get_by_role("heading", name="Where a class comes from")).to_be_in_viewport()
    expect(page.locator(".st-key-why_panel")).to_be_focused()
    expect(page.get_by_role("radio", name=third.name)).to_be_checked()
    expect_no_trouble(page)


def test_a_vote_shows_its_crop(page: Page) -> None:
    explorer = Explorer.open(OF_200, "cpu")
    vote = top(explorer.run_ten_crops(sample_path("cat")).views[1], explorer.info.classes, 5)
    open_page(page, "predict")
    page.get_by_text("Look at ten crops").click()
    said = f"Why {vote[0].name} {probability_text(vote[0].probability)}? Look at this crop: upper left, mirrored"
    page.get_by_role("button", name=said).click()
    expect(page.get_by_alt_text(f"Grad-CAM of {vote[0].name} over the crop")).to_be_visible(timeout=60_000)
    settle(page)
    values = page.locator(".bars").first.locator(".value")
    expect(values).to_have_text([probability_text(one.probability) for one in vote])
    assert re.search(r"mirror=1.*shift=-16~-16", page.url)
    expect(page.get_by_role("slider", name="Move the crop down")).to_have_value("-16")
    expect_no_trouble(page)


def test_both_numbers_of_a_lesion(wide_page: Page) -> None:
    open_page(wide_page, "?mute=gpu2-100")
    expect(wide_page.locator(".st-key-top5 .value").first).to_have_text(re.compile(r"^intact [.<\d]+, now [.<\d]+$"))
