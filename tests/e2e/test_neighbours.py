"""The Neighbours page: four spaces and the codes, why, another query and back, a gallery built from the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from model.explorer import Explorer
from model.gallery.build import build
from model.gallery.store import Gallery
from tests.e2e.actions import expect_no_trouble, open_page, settle, upload
from tests.e2e.conftest import serving
from tests.test_shipped_model import MODEL
from tests.toys import encoded, picture, write_class_folders

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NUM_CLASSES, PER_CLASS = 6, 8


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a gallery of coloured pictures built for the shipped model."""
    root = tmp_path_factory.mktemp("neighbours")
    write_class_folders(root, "photos", NUM_CLASSES, PER_CLASS)
    build(MODEL, root / "photos", root / "galleries" / "colours")
    return root


@pytest.fixture(scope="module")
def gallery(place: Path) -> Gallery:
    return Gallery.open(place / "galleries" / "colours", MODEL)


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[str]:
    with serving("app/main.py", place) as address:
        yield address


def strip(page: Page, name: str) -> Locator:
    return page.locator(f'.strip[data-name="{name}"]')


def rows(page: Page, name: str) -> list[int]:
    tiles = strip(page, name).locator(".tile")
    return [int(str(tiles.nth(i).get_attribute("data-row"))) for i in range(tiles.count())]


def brute(gallery: Gallery, layer: str, query: np.ndarray, k: int, without: int | None = None) -> list[int]:
    distances = ((np.asarray(gallery.features[layer], np.float64) - query.astype(np.float64)) ** 2).sum(1)
    return [int(row) for row in np.argsort(distances, kind="stable") if row != without][:k]


def test_a_dropped_picture_finds_its_neighbours(page: Page, gallery: Gallery) -> None:
    """Those that a search by hand through the same features finds, in every space."""
    open_page(page, "neighbours?gallery=colours")
    data = encoded(picture(3, 300, 400))
    upload(page, "mine.png", data)
    expect(page.get_by_label("The query: mine.png")).to_be_visible()
    seen = Explorer.open(MODEL, "cpu").run(data)
    for layer in ("fc7", "fc6", "pool5"):
        assert rows(page, layer) == brute(gallery, layer, seen[layer].ravel(), 6), layer
    expect(strip(page, "pixels").locator(".tile")).to_have_count(6)
    expect(strip(page, "codes").locator(".distance").first).to_have_text(re.compile(r"\d+ bits"))
    shared = len(set(rows(page, "fc7")) & set(rows(page, "pixels")))
    expect(strip(page, "pixels").locator(".note")).to_contain_text(f"{shared} of 6 are among fc7's")
    expect_no_trouble(page)


def test_the_thumbnail_is_that_of_the_row(page: Page, gallery: Gallery) -> None:
    open_page(page, "neighbours?gallery=colours")
    image = strip(page, "fc7").locator(".tile").first
    row = int(str(image.get_attribute("data-row")))
    address = str(image.locator("img").get_attribute("src"))
    assert page.request.get(f"/{address}").body() == gallery.thumbnail(row)
    assert page.request.get("/gallery/0000/1.webp").status == 404


def test_a_neighbour_becomes_the_query_and_back(page: Page, gallery: Gallery) -> None:
    open_page(page, "neighbours?gallery=colours")
    row = rows(page, "fc7")[2]
    strip(page, "fc7").locator(".sight").nth(2).click()
    expect(page.get_by_role("button", name="Back to your picture")).to_be_visible()
    settle(page)
    assert rows(page, "fc7") == brute(gallery, "fc7", np.asarray(gallery.features["fc7"][row]), 6, without=row)
    page.go_back()
    expect(page.get_by_role("button", name="Back to your picture")).to_have_count(0)
    settle(page)
    page.go_forward()
    expect(page.get_by_role("button", name="Back to your picture")).to_be_visible()
    page.get_by_role("button", name="Back to your picture").click()
    expect(page.get_by_label("The query: Cat")).to_be_visible()


def test_what_two_strips_share_is_linked(page: Page, gallery: Gallery) -> None:
    open_page(page, "neighbours?gallery=colours&k=48")  # all of them are near
    tile = strip(page, "fc7").locator(".tile").first
    tile.hover()
    linked = page.locator(".strip .tile.linked")
    expect(linked).to_have_count(5)
    assert len({linked.nth(i).get_attribute("data-row") for i in range(5)}) == 1
    expect(page.locator(".figure line")).to_have_count(4)


def test_why_near(page: Page, gallery: Gallery) -> None:
    open_page(page, "neighbours?gallery=colours&query=1")
    strip(page, "fc7").locator(".why").nth(1).click()
    settle(page)
    other = rows(page, "fc7")[1]
    products = np.asarray(gallery.features["fc7"][0], float) * np.asarray(gallery.features["fc7"][other], float)
    expect(page.locator(".shared span").first).to_have_text(f"unit {int(products.argmax()) + 1}")
    expect(
        page.get_by_text(f"{np.sort(products)[-10:].sum() / products.sum():.0%} of all that they share")
    ).to_be_visible()
    expect_no_trouble(page)


def test_a_picture_of_ones_own_is_found(page: Page) -> None:
    open_page(page, "neighbours?gallery=colours")
    upload(page, "mine.png", encoded(picture(7)))
    page.get_by_role("button", name="Put your picture beside these").click()
    settle(page)
    upload(page, "again.png", encoded(picture(7)[:, :255]))
    expect(strip(page, "fc7").locator(".label").first).to_have_text("mine.png")
    expect(strip(page, "pixels").locator(".label").first).to_have_text("mine.png")


def test_a_gallery_from_the_page(page: Page, place: Path, request: pytest.FixtureRequest) -> None:
    """Built while other pages are open, then in use."""
    name = f"holiday {request.node.name[-7:-1].strip('[')}"
    write_class_folders(place, name, 2, 3)
    open_page(page, "neighbours")
    page.get_by_text("Build a gallery of your own pictures").click()
    page.get_by_label("Folder or Parquet file").last.fill(str(place / name))
    page.get_by_role("button", name="Build the gallery").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text("Among 6 pictures.")).to_be_visible(timeout=90_000)
    expect_no_trouble(page)


def test_neighbours_of_nothing(page: Page) -> None:
    open_page(page, "neighbours")
    page.get_by_text("Build a gallery of your own pictures").click()
    page.get_by_label("Folder or Parquet file").last.fill("/nowhere/at/all")
    page.get_by_role("button", name="Build the gallery").click()
    expect(
        page.get_by_text("There is nothing at /nowhere/at/all; give a folder of pictures or a Parquet file.")
    ).to_be_visible(timeout=60_000)
