"""Where photographs come from, and that a page keeps them: in Chromium, wide and narrow."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.samples import sample_path
from model.explorer import Explorer
from tests.e2e.actions import expect_no_trouble, go_to, hand_over, open_page, predictions, settle, upload
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e
WATCH_TINTS = """() => {
  globalThis.tints = []; // how pale what holds the bars is going to be, whenever it is out of date
  const note = ({ target }) => {
    if (target.dataset.stale !== "true" || !target.querySelector(".bars")) return;
    for (const one of target.getAnimations()) tints.push(one.effect.getKeyframes().at(-1).opacity);
  };
  new MutationObserver((all) => all.forEach(note)).observe(document, { subtree: true, attributeFilter: ["data-stale"] });
}"""


def test_upload_gives_five_predictions(page: Page) -> None:
    open_page(page, "")
    upload(page, "coffee.png", sample_path("coffee").read_bytes())
    expect(page.get_by_text("coffee.png. The network sees")).to_be_visible()
    best = Explorer.open(MODEL, "cpu").run(sample_path("coffee")).top(5)
    assert predictions(page) == [one.name for one in best]
    expect_no_trouble(page)


def test_picture_stays_on_every_page(page: Page) -> None:
    open_page(page, "")
    upload(page, "flower.png", sample_path("flower").read_bytes())
    for title in ("Predict", "Kernels", "Neighbours", "Model", "Explore"):
        go_to(page, title)
        expect(page.get_by_text("flower.png. The network sees")).to_be_visible()
        expect_no_trouble(page)


def test_sample(wide_page: Page) -> None:
    open_page(wide_page, "")
    wide_page.get_by_text("Sample", exact=True).click()
    wide_page.get_by_text("Rocket", exact=True).click()
    expect(wide_page.get_by_text("Rocket. The network sees")).to_be_visible()
    wide_page.reload()
    settle(wide_page)
    expect(wide_page.get_by_text("Rocket. The network sees")).to_be_visible()


def test_the_status_line_is_of_the_picture_in_use(wide_page: Page) -> None:
    """Model, device and time are there at once; a new picture has times of its own, though one may be as fast."""
    open_page(wide_page, "")
    line = wide_page.get_by_text(
        re.compile(r"^imagenet20 on .*[CG]PU.*\. This picture took \d+ ms, preparing it \d+\.\d ms\.$")
    )
    expect(line).to_be_visible()
    said = {line.inner_text()}
    wide_page.evaluate(WATCH_TINTS)
    for name in ("coffee", "rocket", "flower", "palace"):
        upload(wide_page, f"{name}.png", sample_path(name).read_bytes())
        expect(wide_page.get_by_text(f"{name}.png. The network sees")).to_be_visible()
        expect(line).to_have_count(1)
        said.add(line.inner_text())
    assert len(said) > 1
    assert set(wide_page.evaluate("globalThis.tints")) == {"0.33"}  # the bars before, until the new ones are there
    expect(wide_page.locator('[data-stale="true"]')).to_have_count(0)


def test_broken_file_is_one_sentence(wide_page: Page) -> None:
    open_page(wide_page, "")
    upload(wide_page, "broken.png", b"not a picture")
    expect(wide_page.get_by_text("This is not a picture that can be read; choose a JPEG")).to_be_visible()
    expect(wide_page.get_by_text("Cat. The network sees")).to_be_visible()
    expect(wide_page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize(("event", "sample"), [("paste", "coffee"), ("drop", "rocket")])
def test_pasted_and_dropped_pictures(wide_page: Page, event: str, sample: str) -> None:
    """A drop counts wherever it falls on any page, and the page says so meanwhile; a picture of the page itself is no file."""
    open_page(wide_page, "" if event == "paste" else "neighbours")
    sign = wide_page.locator(".picture .sign")
    over = """(root, [own]) => {
      const files = new DataTransfer(), options = { dataTransfer: files, bubbles: true, cancelable: true, composed: true };
      files.items.add(new File([], "a.png", { type: "image/png" }));
      if (own) root.dispatchEvent(new DragEvent("dragstart", options));
      const over = new DragEvent("dragover", options);
      root.dispatchEvent(over);
      if (own) root.dispatchEvent(new DragEvent("dragend", options));
      return over.defaultPrevented; // else the browser leaves for the file
    }"""
    somewhere = wide_page.get_by_test_id("stMain")
    somewhere.evaluate(over, [True])
    expect(sign).to_be_hidden()
    assert somewhere.evaluate(over, [False])
    expect(sign).to_have_text("Drop the picture: anywhere will do.")
    expect(sign).to_be_visible()
    hand_over(wide_page, event, f"{sample}.png", sample_path(sample).read_bytes())
    expect(wide_page.get_by_text(f"{sample}.png. The network sees")).to_be_visible()
    if event == "drop":
        expect(sign).to_be_hidden()
    expect_no_trouble(wide_page)
