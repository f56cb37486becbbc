"""The Neighbours page: four spaces and the codes, why, another query and back, a gallery built from the page."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.text import table
from app.view import Lesions
from model.explorer import Explorer
from model.gallery.store import Gallery
from tests.e2e.actions import expect_no_trouble, go_to, hand_over, open_page, select, settle, slide, upload
from tests.e2e.neighbours.actions import at, brute, rows, strip
from tests.test_shipped_model import OF_200
from tests.toys import encoded, picture, write_class_folders

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_dropped_picture_finds_its_neighbours(page: Page, lang: str, gallery: Gallery) -> None:
    """Those that a search by hand through the same features finds, in every space."""
    words = table(lang)
    open_page(page, f"neighbours?gallery=colours&lang={lang}")
    data = encoded(picture(3, 300, 400))
    hand_over(page, "drop", "mine.png", data)
    expect(page.get_by_label(words["neighbours_query_alt"].format(label="mine.png"))).to_be_visible()
    seen = Explorer.open(OF_200, "cpu").run(data)
    for layer in ("fc7", "fc6", "pool5"):
        near = brute(gallery, layer, seen[layer].ravel(), 6)
        assert rows(page, layer) == near, layer
        apart = np.asarray(gallery.features[layer], np.float64)[near] - seen[layer].ravel()
        told = [float(one.replace(",", "")) for one in strip(page, layer).locator(".distance").all_inner_texts()]
        assert told == pytest.approx((apart**2).sum(1).tolist(), abs=0.51, rel=1e-4), layer
    expect(strip(page, "pixels").locator(".tile")).to_have_count(6)
    expect(strip(page, "codes").locator(".distance").first).to_have_text(
        re.compile(words["neighbours_bits"].replace("{distance:.0f}", r"\d+"))
    )
    shared = len(set(rows(page, "fc7")) & set(rows(page, "pixels")))
    expect(strip(page, "pixels").locator(".note")).to_contain_text(
        words["neighbours_overlap"].format(shared=shared, k=6, share=shared / 6)
    )
    expect_no_trouble(page)
    slide(page, "GPU2", {"End": 1}, 100)
    muted = words["lesions_item"].format(what="GPU2", percent=100)
    expect(page.get_by_text(words["lesions_some"].format(what=muted))).to_be_visible()
    page.keyboard.press("Escape")
    settle(page)
    explorer = Explorer.open(OF_200, "cpu")
    gains = Lesions({"gpu2": 1.0}).gains(explorer.config)
    for layer in ("fc7", "pool5"):
        assert rows(page, layer) == brute(gallery, layer, explorer.run(data, gains)[layer].ravel(), 6), layer
    row = rows(page, "fc7")[1]  # a picture of the gallery follows too
    strip(page, "fc7").locator(".sight").nth(1).click()
    expect(page.get_by_role("button", name=words["neighbours_back"])).to_be_visible()
    settle(page)
    wounded = explorer.run(gallery.square(row), gains)["fc7"]
    assert rows(page, "fc7") == brute(gallery, "fc7", wounded, 6, without=row)


def test_the_thumbnail_is_that_of_the_row(wide_page: Page, gallery: Gallery) -> None:
    open_page(wide_page, "neighbours?gallery=colours")
    image = strip(wide_page, "fc7").locator(".tile").first
    row = int(str(image.get_attribute("data-row")))
    address = str(image.locator("img").get_attribute("src"))
    assert wide_page.request.get(f"/{address}").body() == gallery.thumbnail(row)
    assert wide_page.request.get("/gallery/0000/1.webp").status == 404


def test_a_neighbour_becomes_the_query_and_back(wide_page: Page, gallery: Gallery) -> None:
    open_page(wide_page, "neighbours?gallery=colours")
    row = rows(wide_page, "fc7")[2]
    strip(wide_page, "fc7").locator(".sight").nth(2).click()
    expect(wide_page.get_by_role("button", name="Back to your picture")).to_be_visible()
    settle(wide_page)
    assert rows(wide_page, "fc7") == brute(gallery, "fc7", np.asarray(gallery.features["fc7"][row]), 6, without=row)
    wide_page.go_back()
    expect(wide_page.get_by_role("button", name="Back to your picture")).to_have_count(0)
    settle(wide_page)
    wide_page.go_forward()
    expect(wide_page.get_by_role("button", name="Back to your picture")).to_be_visible()
    wide_page.get_by_role("button", name="Back to your picture").click()
    expect(wide_page.get_by_label("The query: Cat")).to_be_visible()


def test_what_two_strips_share_is_linked(wide_page: Page, gallery: Gallery) -> None:
    open_page(wide_page, "neighbours?gallery=colours&k=48")  # all of them are near
    tile = strip(wide_page, "fc7").locator(".tile").first
    tile.hover()
    linked = wide_page.locator(".strip .tile.linked")
    expect(linked).to_have_count(5)
    assert len({linked.nth(i).get_attribute("data-row") for i in range(5)}) == 1
    expect(wide_page.locator(".figure line")).to_have_count(4)


def test_presenting_lines_lead_from_tile_to_tile(wide_page: Page) -> None:
    open_page(wide_page, "neighbours?gallery=colours&k=48&present=1")
    strip(wide_page, "fc7").locator(".tile").first.hover()
    ends = wide_page.locator(".figure").evaluate(
        """(root) => {
          const line = root.querySelector("line").getBoundingClientRect(), [a, b] = root.querySelectorAll(".tile.linked");
          const middle = (tile, box = tile.getBoundingClientRect()) => [box.left + box.width / 2, box.top + box.height / 2];
          return [[line.left, line.right, line.top, line.bottom], [middle(a), middle(b)]];
        }"""
    )
    (left, right, top, bottom), tiles = ends
    xs, ys = zip(*tiles, strict=True)
    assert (left, right, top, bottom) == pytest.approx((min(xs), max(xs), min(ys), max(ys)), abs=4)


def test_the_focus_stays_with_the_figure(wide_page: Page) -> None:
    """What had it is drawn anew: after a choice it is on the way back, after that on the first neighbour."""
    open_page(wide_page, "neighbours?gallery=colours")
    strip(wide_page, "fc7").locator(".sight").nth(2).press("Enter")
    back = wide_page.get_by_role("button", name="Back to your picture")
    expect(back).to_be_focused()
    back.press("Enter")
    expect(wide_page.locator(".strip .sight").first).to_be_focused()


def test_why_near(wide_page: Page, gallery: Gallery) -> None:
    open_page(wide_page, "neighbours?gallery=colours&query=1")
    strip(wide_page, "fc7").locator(".why").nth(1).click()
    settle(wide_page)
    other = rows(wide_page, "fc7")[1]
    products = np.asarray(gallery.features["fc7"][0], float) * np.asarray(gallery.features["fc7"][other], float)
    expect(wide_page.locator(".shared span").first).to_have_text(f"unit {int(products.argmax()) + 1}")
    expect(
        wide_page.get_by_text(f"{np.sort(products)[-10:].sum() / products.sum():.0%} of all that they share")
    ).to_be_visible()
    expect_no_trouble(wide_page)


def test_a_picture_of_ones_own_is_found(wide_page: Page) -> None:
    open_page(wide_page, "neighbours?gallery=colours")
    upload(wide_page, "mine.png", encoded(picture(7)))
    wide_page.get_by_role("button", name="Put your picture beside these").click()
    settle(wide_page)
    upload(wide_page, "again.png", encoded(picture(7)[:, :255]))
    expect(strip(wide_page, "fc7").locator(".label").first).to_have_text("mine.png")
    expect(strip(wide_page, "pixels").locator(".label").first).to_have_text("mine.png")


def test_ones_own_picture_is_on_the_map(wide_page: Page, gallery: Gallery) -> None:
    """Where it was as the query; never its own neighbour; hovered, clicked and asked like any other."""
    open_page(wide_page, "neighbours?gallery=colours")
    upload(wide_page, "mine.png", encoded(picture(7)))
    before = str(wide_page.locator(".map[data-painted]").get_attribute("data-query"))
    keep = wide_page.get_by_role("button", name="Put your picture beside these")
    keep.click()
    expect(wide_page.get_by_text("Your picture is among them.")).to_be_visible()
    expect(wide_page.get_by_text("they last for this session")).to_be_visible()
    expect(keep).to_be_disabled()
    settle(wide_page)
    assert len(gallery) not in rows(wide_page, "fc7")
    expect(wide_page.get_by_text("Why is “mine.png” near “mine.png”")).to_have_count(0)
    found = wide_page.locator(".map[data-painted]")
    found.locator(".over").scroll_into_view_if_needed()
    wide_page.wait_for_timeout(300)
    own = found.evaluate("(root, row) => root.place(row)", len(gallery))
    assert own == pytest.approx([float(value) for value in before.split()], abs=0.1)
    wide_page.mouse.move(*at(found, len(gallery)))
    expect(found).to_have_attribute("data-hover", str(len(gallery)))
    expect(found.locator(".card .says")).to_have_text("mine.png")
    assert str(found.locator(".card img").get_attribute("src")).startswith("data:image/webp")
    wide_page.mouse.click(*at(found, len(gallery)))
    expect(wide_page.get_by_role("button", name="Back to your picture")).to_be_visible()
    expect(wide_page.get_by_label("The query: mine.png")).to_be_visible()
    expect_no_trouble(wide_page)


def test_a_gallery_from_the_page(wide_page: Page, place: Path) -> None:
    """Built while other pages are open, then in use."""
    name = "holiday"
    write_class_folders(place, name, 2, 3)
    open_page(wide_page, "neighbours")
    wide_page.get_by_text("Build a gallery of your own pictures").click()
    wide_page.get_by_label("Folder or Parquet file").last.fill(str(place / name))
    wide_page.get_by_role("button", name="Build the gallery").click()
    expect(wide_page.get_by_test_id("stProgress")).to_be_visible()
    wide_page.get_by_role("button", name="Cancel").click()
    expect(wide_page.get_by_text("Build a gallery of your own pictures")).to_be_visible()
    expect(wide_page.get_by_label("Folder or Parquet file").last).to_have_value(str(place / name))
    wide_page.get_by_role("button", name="Build the gallery").click()
    expect(wide_page.get_by_role("button", name="Cancel")).to_be_visible()
    go_to(wide_page, "Model")  # it goes on meanwhile
    go_to(wide_page, "Neighbours")
    expect(wide_page.get_by_text("Among 6 pictures.")).to_be_visible(timeout=90_000)
    expect_no_trouble(wide_page)


def test_a_folder_that_has_changed_is_built_anew(wide_page: Page, place: Path) -> None:
    write_class_folders(place, "garden", 2, 3)
    for count in (6, 7):
        open_page(wide_page, "neighbours")
        wide_page.get_by_text("Build a gallery of your own pictures").click()
        wide_page.get_by_label("Folder or Parquet file").fill(str(place / "garden"))
        wide_page.get_by_role("button", name="Build the gallery").click()
        expect(wide_page.get_by_text(f"Among {count} pictures.")).to_be_visible(timeout=180_000)
        (place / "garden" / "n0" / "new.png").write_bytes(encoded(picture(1)))
    expect(wide_page.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_splits_are_asked_for(wide_page: Page, place: Path) -> None:
    for i, split in enumerate(("train", "val")):
        write_class_folders(place / "set", split, 2, 3 + i)
    open_page(wide_page, "neighbours")
    wide_page.get_by_text("Build a gallery of your own pictures").click()
    wide_page.get_by_label("Folder or Parquet file").fill(str(place / "set"))
    wide_page.get_by_role("button", name="Build the gallery").click()
    expect(wide_page.get_by_text("holds several splits, train, val; choose one")).to_be_visible()
    select(wide_page, "Split", "val")
    wide_page.get_by_role("button", name="Build the gallery").click()
    expect(wide_page.get_by_text("Among 8 pictures.")).to_be_visible(timeout=180_000)


def test_neighbours_of_nothing(wide_page: Page) -> None:
    open_page(wide_page, "neighbours")
    wide_page.get_by_text("Build a gallery of your own pictures").click()
    wide_page.get_by_label("Folder or Parquet file").last.fill("/nowhere/at/all")
    wide_page.get_by_role("button", name="Build the gallery").click()
    expect(
        wide_page.get_by_text("There is nothing at /nowhere/at/all; give a folder of pictures or a Parquet file.")
    ).to_be_visible(timeout=60_000)


def test_what_drives_a_unit_most(wide_page: Page, gallery: Gallery, place: Path) -> None:
    """On the unit's own panel, cropped to what its strongest value sees: pixel by pixel, from the picture's file."""
    assert gallery.strongest is not None
    strongest = gallery.strongest.of("conv3", 6)
    open_page(wide_page, "?layer=conv3&unit=7&tab=likes&gallery=colours&model=tiny200")
    expect(wide_page.get_by_alt_text("Picture 1: ")).to_have_count(1)
    expect(wide_page.get_by_text(f"{strongest[0].value:.4g}").first).to_be_visible()
    images = wide_page.locator('img[alt^="Picture "]')
    assert images.count() == len(strongest)
    for i, one in enumerate(strongest[:2]):
        address = str(images.nth(i).get_attribute("src"))
        shown = np.asarray(Image.open(io.BytesIO(wide_page.request.get(address).body())).convert("RGB"))
        square: Image.Image = Image.open(place / "photos" / gallery.names[one.index])
        for side in (64, 256):  # as tiny200 sees it, which learned from pictures of 64 pixels
            square = square.resize((side, side), Image.Resampling.BILINEAR)
        crop = np.asarray(square)[16:240, 16:240]
        start, stride, px = -32, 16, 99  # of conv3, by hand: pool1 0, 8, 19; conv2 -16, 8, 51; pool2 -16, 16, 67
        edges = [(max(0, start + at * stride), min(224, start + at * stride + px)) for at in (one.row, one.column)]
        (top, bottom), (left, right) = edges
        patch = Image.fromarray(crop[top:bottom, left:right]).resize((192, 192), Image.Resampling.NEAREST)
        expected = patch.resize((96, 96), Image.Resampling.BILINEAR)  # as Streamlit sends it
        assert np.abs(shown.astype(int) - np.asarray(expected, int)).max() <= 1
    expect_no_trouble(wide_page)
