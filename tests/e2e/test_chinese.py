"""In Chinese nothing English is left on any page, but names: of layers, recipes, hardware, people."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.text import table
from tests.e2e.actions import PAGES, expect_no_trouble, open_page, settle

WORDS = table("zh")
SENTENCE = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")  # three words in a row
STREAMLITS = {  # names and tips of its own, which cannot be set; what it writes into the file box is painted over
    "1MB per file", "20MB per file", "500MB per file", "Choose an option", "Copy to clipboard", "Download as CSV", "Link to heading",
}  # fmt: skip
NAMES = {"AMD EPYC", "Zeiler", "Springenberg"}
SEEN = """() => {
  const found = [];
  const walk = (node) => {
    for (const child of node.childNodes) {
      if (child.nodeType === 3 && child.textContent.trim() && child.parentElement?.checkVisibility?.()) found.push(child.textContent);
      if (child.nodeType !== 1 || child.matches("script, style, code, pre")) continue;
      for (const name of ["aria-label", "alt", "title", "placeholder"]) if (child.getAttribute(name)) found.push(child.getAttribute(name));
      walk(child.shadowRoot ?? child);
    }
  };
  walk(document.querySelector('[data-testid="stMain"]'));
  document.querySelectorAll('[data-testid="stPopoverBody"]').forEach(walk);
  return found;
}"""


def english(page: Page) -> list[str]:
    """What is on the page, seen or read aloud, that has three English words in a row."""
    seen = set(page.evaluate(SEEN)) - STREAMLITS
    return sorted(text for text in seen if SENTENCE.search(text) and not any(name in text for name in NAMES))


@pytest.mark.parametrize(
    "name", [*PAGES, "?layer=conv3&unit=3&tab=why&mute=gpu2-100", "?layer=prob", "?layer=fc7&tab=dream"]
)
def test_no_english_sentence_is_left(wide_page: Page, name: str) -> None:
    wide_page.set_viewport_size({"width": 400, "height": 900})  # test_accessibility opens them at 1280
    open_page(wide_page, f"{name}{'&' if '?' in name else '?'}lang=zh")
    picture = WORDS["picture_caption"].split("{crop}")[0].format(name=WORDS["sample_cat"])
    expect(wide_page.get_by_text(picture)).to_be_visible()
    for box in wide_page.locator("details summary").all():
        box.click()
    for width in (400, 1280):
        wide_page.set_viewport_size({"width": width, "height": 900})
        settle(wide_page)
        expect_no_trouble(wide_page)
        assert english(wide_page) == []


def test_nor_in_panels_that_unfold(wide_page: Page) -> None:
    open_page(wide_page, "nonsense?lang=zh&present=1")  # there is no such page, and no dialog that says so in English
    assert english(wide_page) == []
    expect(wide_page.get_by_role("dialog")).to_have_count(0)
    expect(wide_page).to_have_url(re.compile(r"^http://[^/]*/\?"))
    expect(wide_page.get_by_test_id("stSkipToContent")).to_have_text(WORDS["keys_skip"])
    open_page(wide_page, "?lang=zh")
    for title in ("link_title", "take_title", "lesions_title"):
        wide_page.get_by_test_id("stPopoverButton").filter(has_text=WORDS[title]).click()
        settle(wide_page)
        assert english(wide_page) == [], title
        wide_page.keyboard.press("Escape")
    wide_page.get_by_role("button", name=WORDS["keys_open"]).click()
    expect(wide_page.get_by_role("dialog", name=WORDS["keys_title"])).to_be_visible()
    assert english(wide_page) == []


def test_nor_where_something_goes_wrong(wide_page: Page) -> None:
    open_page(wide_page, "?lang=zh")
    box = wide_page.locator('input[type="file"]').first
    box.set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture at all"})
    expect(wide_page.get_by_text("这不是可以读取的图片")).to_be_visible()
    assert english(wide_page) == []
    wide_page.get_by_text(WORDS["source_webcam"], exact=True).click()
    expect(wide_page.locator(".webcam .says")).not_to_be_empty()
    assert english(wide_page) == []
