"""On a fresh machine: a shipped model's gallery works without its pictures, and with those that are pointed to."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.text import class_word, speaking, table
from model.gallery.store import Gallery
from model.picture_set import find_split
from tests.e2e.actions import expect_no_trouble, open_page, settle
from tests.photographs import TINY200, needs_photographs
from tests.test_shipped_model import MODEL, OF_200
from tests.toys import write_class_folders

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_points_are_sent_once(wide_page: Page) -> None:
    """Another query brings its own few numbers; the points, 14 bytes each, do not come again, nor are they drawn again."""
    received: list[int] = []
    wide_page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    open_page(wide_page, "neighbours")
    expect(wide_page.locator(".map[data-painted]")).to_have_attribute("data-shown", "10000")
    assert max(received) > 14 * 10_000
    received.clear()
    the_map = wide_page.locator("div.map")
    frames, lines = the_map.get_attribute("data-frames"), the_map.get_attribute("data-lines")
    the_map.evaluate("(map) => (map.querySelector('.legend button').isOld = true)")
    wide_page.locator(".strip .sight").nth(1).click()
    expect(wide_page.get_by_role("button", name="Back to your picture")).to_be_visible(timeout=30_000)
    settle(wide_page)
    assert received
    assert max(received) < 7 * 10_000  # some 21 kB of pictures and words
    assert the_map.get_attribute("data-lines") != lines
    assert the_map.get_attribute("data-frames") == frames
    assert the_map.evaluate("(map) => map.querySelector('.legend button').isOld")  # nor the legend


def test_classes_codes_and_map_at_once(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"neighbours?lang={lang}")
    for strip in ("fc7", "codes"):
        tiles = page.locator(f'.strip[data-name="{strip}"] .tile')
        expect(tiles).to_have_count(6)
        assert all(re.search(r"[^\W\d]{2}", text) for text in tiles.all_inner_texts())
    expect(page.locator(".map[data-painted]")).to_have_attribute("data-shown", "10000")
    trust = re.escape(words["map_trust"].split("{")[0]) + r"0\.8[67]\d"
    expect(page.get_by_text(re.compile(trust))).to_be_visible()
    expect_no_trouble(page)


def test_what_drives_an_fc7_unit_most(page: Page, lang: str) -> None:
    """By class, since the pictures are not in it: the same list that Neighbours gives."""
    gallery = Gallery.open(MODEL.parent / "gallery.pq", MODEL)
    values = np.asarray(gallery.features["fc7"])[:, 874]
    best = np.argsort(-values, kind="stable")[:9]
    words = table(lang)
    open_page(page, f"?layer=fc7&unit=875&tab=likes&lang={lang}")
    tiles = page.locator(".liked figure")
    expect(tiles).to_have_count(9)
    with speaking(lang):
        names = [class_word(gallery.class_names[int(label)]) for label in gallery.labels[best]]
    assert tiles.locator(".sight").all_inner_texts() == names
    shown = [float(text) for text in tiles.locator("figcaption").all_inner_texts()]
    assert shown == pytest.approx(values[best].tolist(), rel=0.006)
    before, _, after = words["likes_caption_whole"].partition("{name}")
    for said in filter(None, (before, after)):
        expect(page.get_by_text(said.format(count=7854))).to_be_visible()
    expect_no_trouble(page)


def test_what_drives_a_map_most(page: Page, lang: str) -> None:
    """By class too, with a frame around what the strongest value sees of each picture."""
    gallery = Gallery.open(MODEL.parent / "gallery.pq", MODEL)
    found = gallery.strongest_of("conv3", 6)
    assert found is not None
    open_page(page, f"?layer=conv3&unit=7&tab=likes&lang={lang}")
    tiles = page.locator(".liked figure")
    expect(tiles).to_have_count(9)
    with speaking(lang):
        names = [class_word(gallery.class_names[int(gallery.labels[one.index])]) for one in found]
    for tile, name, one in zip(tiles.all(), names, found, strict=True):
        said, value = tile.locator("figcaption").inner_text().split("\n")
        assert said == name
        assert float(value) == pytest.approx(one.value, rel=0.006)
        # conv3 sees 99 pixels, 16 apart, the first from 32 before the crop on, which lies 16 pixels within the square
        ends = [[max(16 * at - 32, 0), min(16 * at - 32 + 99, 224)] for at in (one.row, one.column)]
        (top, bottom), (left, right) = ends
        shares = tile.locator("i").evaluate(
            "({ style }) => ['top', 'left', 'height', 'width'].map((s) => parseFloat(style[s]))"
        )
        expected = [top + 16, left + 16, bottom - top, right - left]
        assert shares == pytest.approx([100 * px / 256 for px in expected], abs=0.01)
    before, _, after = table(lang)["likes_caption_frame"].partition("{name}")
    for said in filter(None, (before, after)):
        expect(page.get_by_text(said.format(count=7854))).to_be_visible()
    expect_no_trouble(page)


@needs_photographs
def test_pictures_that_are_pointed_to_appear(wide_page: Page, tmp_path: Path) -> None:
    """The query's nearest neighbour, from a folder that has it under its name."""
    gallery = Gallery.open(OF_200.parent / "gallery.pq", OF_200)
    open_page(wide_page, "neighbours?query=5")
    first = wide_page.locator('.strip[data-name="fc7"] .tile').first
    expect(first.locator("img")).to_have_count(0)
    row = int(str(first.get_attribute("data-row")))
    _, data, _ = next(find_split(TINY200, "val").pictures(int(gallery.numbers[row])))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / Path(gallery.names[row]).name).write_bytes(data())
    wide_page.get_by_text("Show this gallery's pictures").click()
    write_class_folders(tmp_path, "b", 1, 1)
    wide_page.get_by_label("Folders or Parquet files").fill(f"{tmp_path / 'b'}\n{tmp_path / 'a'}")
    wide_page.get_by_role("button", name="Show them").click()
    image = wide_page.locator(f'.strip[data-name="fc7"] .tile[data-row="{row}"] img')
    expect(image).to_have_count(1, timeout=60_000)
    address = str(image.get_attribute("src"))
    assert wide_page.request.get(f"/{address}").body()[8:12] == b"WEBP"
    expect(wide_page.get_by_text("Show this gallery's pictures")).to_be_visible()  # the others are still to be found
    assert wide_page.locator('.strip[data-name="fc7"] img').count() == 1  # no broken ones beside it
    assert wide_page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    expect_no_trouble(wide_page)
