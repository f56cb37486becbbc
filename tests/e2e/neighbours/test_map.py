"""The map of a gallery: hover, lasso, box, turn, keyboard, and a picture of one's own on it."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.text import table
from model.gallery.store import Gallery
from tests.e2e.actions import expect_no_trouble, hand_over, open_page, select, settle
from tests.e2e.neighbours.actions import NUM_CLASSES, PER_CLASS, at, brute, rows, strip, the_map
from tests.toys import encoded

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_hover_shows_the_right_picture_after_any_filter(wide_page: Page, gallery: Gallery) -> None:
    """The row under the pointer is asked for, whatever is filtered, coloured or zoomed."""
    found = the_map(wide_page)
    asked: list[str] = []
    wide_page.on("request", lambda sent: asked.append(sent.url))

    def check(row: int) -> None:
        wide_page.mouse.move(0, 0)
        wide_page.mouse.move(*at(found, row))
        shown = int(str(found.get_attribute("data-hover")))
        assert at(found, shown) == pytest.approx(at(found, row), abs=1.5)  # it, or one that lies on it
        expect(found.locator(".card img")).to_be_visible()
        address = str(found.locator(".card img").get_attribute("src"))
        assert address.endswith(f"/{shown}.webp")
        assert wide_page.request.get(f"/{address}").body() == gallery.thumbnail(shown)
        expect(found.locator(".card .says")).to_contain_text(gallery.names[shown].split("/")[-1])

    for row in (0, 17, 47):
        check(row)
    for label in (4, 1):  # these classes alone
        found.locator(".kind").nth(label).click()
    expect(found).to_have_attribute("data-shown", str(2 * PER_CLASS))
    for row in (9, 33, 39):
        check(row)
        assert int(str(found.get_attribute("data-hover"))) // PER_CLASS in (1, 4)
    found.get_by_role("button", name="+", exact=True).click()
    wide_page.wait_for_timeout(100)

    def central(of: Iterable[int]) -> list[int]:
        """The nearest to the middle first: those in sight, enlarged as the map is."""
        box = found.locator(".over").bounding_box()
        assert box
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return sorted(of, key=lambda row: np.hypot(*np.subtract(at(found, row), middle)))

    check(central([*range(PER_CLASS, 2 * PER_CLASS), *range(4 * PER_CLASS, 5 * PER_CLASS)])[0])
    found.get_by_role("button", name="Show all").click()
    select(wide_page, "Colour by", "Confidence")
    settle(wide_page)
    found.locator(".over").scroll_into_view_if_needed()
    for row in central(range(len(gallery)))[:3]:
        check(row)
    assert asked


def test_hover_shows_no_other_picture_while_its_own_is_on_its_way(wide_page: Page, gallery: Gallery) -> None:
    found, held = the_map(wide_page), []
    image, names = found.locator(".card img"), {row: gallery.names[row].split("/")[-1] for row in (0, 30, 47)}
    wide_page.mouse.move(*at(found, 0))
    expect(image).to_be_visible()
    wide_page.route(re.compile(r"/(30|47)\.webp"), lambda route: held.append(route))
    for row in (30, 47):
        wide_page.mouse.move(*at(found, row))
        expect(found).to_have_attribute("data-hover", str(row))
        expect(found.locator(".card .says")).to_contain_text(names[row])
        expect(image).to_have_count(0)
    assert len(held) == 2
    held[0].continue_()  # the first, late
    wide_page.wait_for_timeout(300)
    expect(image).to_have_count(0)
    held[1].continue_()
    expect(image).to_be_visible()
    assert str(image.get_attribute("src")).endswith("/47.webp")


def test_lasso_selects_and_exports(page: Page, lang: str, gallery: Gallery) -> None:
    words = table(lang)
    found = the_map(page, f"neighbours?gallery=colours&lang={lang}")
    found.get_by_role("button", name=words["map_lasso"]).click()
    box = found.locator(".over").bounding_box()
    assert box
    corners = [(2, 2), (box["width"] / 2, 2), (box["width"] / 2, box["height"] - 2), (2, box["height"] - 2)]
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    page.mouse.up()
    settle(page)
    inside = [row for row in range(len(gallery)) if at(found, row)[0] - box["x"] < box["width"] / 2]
    assert 0 < len(inside) < len(gallery)
    selected = words["map_selected"].format(count=len(inside))
    expect(page.get_by_text(selected)).to_be_visible()
    bars = page.get_by_role("img", name=words["map_counts"])
    counts = np.bincount(gallery.labels[inside])
    assert bars.locator(".value").all_text_contents() == [str(n) for n in sorted(counts[counts > 0], reverse=True)]
    told = zip(bars.locator(".name").all_text_contents(), bars.locator(".value").all_text_contents(), strict=True)
    assert dict(told) == {gallery.class_names[i]: str(n) for i, n in enumerate(counts) if n}
    pictures = page.locator(".selected img")
    assert [str(one.get_attribute("src")).rsplit("/")[-1] for one in pictures.all()] == [
        f"{row}.webp" for row in inside
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name=words["map_csv"]).last.click()  # a table may have its own
    lines = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [int(line["row"]) - 1 for line in lines] == inside
    assert [line["name"] for line in lines] == [gallery.names[row] for row in inside]
    assert float(lines[0]["umap2 x"]) == pytest.approx(float(gallery.maps["umap2"][inside[0], 0]), rel=1e-4)
    with page.expect_download() as download:
        page.get_by_role("button", name=words["map_zip"]).click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["about.json", "coordinates.csv", "names.csv"]
        assert len(archive.read("names.csv").splitlines()) == len(inside) + 1
        assert json.loads(archive.read("about.json"))["map"]["n_neighbors"] == 15
    found.locator(".over").press("Escape")
    expect(page.get_by_text(selected)).to_have_count(0)
    expect_no_trouble(page)


def test_what_the_legend_hides_is_not_selected(wide_page: Page) -> None:
    found = the_map(wide_page)
    found.get_by_role("button", name="Box").click()
    box = found.locator(".over").bounding_box()
    assert box
    wide_page.mouse.move(box["x"] + 1, box["y"] + 1)
    wide_page.mouse.down()
    wide_page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1, steps=4)
    wide_page.mouse.up()
    expect(found).to_have_attribute("data-selected", str(NUM_CLASSES * PER_CLASS))
    found.locator(".kind").nth(2).click()
    expect(found).to_have_attribute("data-selected", str(PER_CLASS))
    expect(wide_page.get_by_text(f"{PER_CLASS} pictures selected")).to_be_visible()


def test_lines_lead_to_the_neighbours(wide_page: Page, gallery: Gallery) -> None:
    found = the_map(wide_page, "neighbours?gallery=colours&query=12&k=4")
    ends = json.loads(str(found.get_attribute("data-lines")))
    assert [row for row, *_ in ends] == brute(gallery, "fc7", np.asarray(gallery.features["fc7"][11]), 4, without=11)
    for row, x, y in ends:
        assert found.evaluate("(root, row) => root.place(row)", row) == pytest.approx([x, y], abs=1)
    query = [float(value) for value in str(found.get_attribute("data-query")).split()]
    assert found.evaluate("(root, row) => root.place(row)", 11) == pytest.approx(query, abs=0.1)


def test_box_and_turn(wide_page: Page, gallery: Gallery) -> None:
    """In space: dragging turns, a box still selects what it holds."""
    found = the_map(wide_page)
    select(wide_page, "Places", "UMAP, in space")
    settle(wide_page)
    before = at(found, 5)
    box = found.locator(".over").bounding_box()
    assert box
    wide_page.mouse.move(box["x"] + 20, box["y"] + 20)
    wide_page.mouse.down()
    wide_page.mouse.move(box["x"] + 120, box["y"] + 60, steps=4)
    wide_page.mouse.up()
    wide_page.wait_for_timeout(100)
    assert at(found, 5) != before
    found.get_by_role("button", name="Box").click()
    wide_page.mouse.move(box["x"] + 1, box["y"] + 1)
    wide_page.mouse.down()
    wide_page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1, steps=4)
    wide_page.mouse.up()
    settle(wide_page)
    expect(wide_page.get_by_text(f"{len(gallery)} pictures selected")).to_be_visible()


def test_a_point_becomes_the_query(wide_page: Page, gallery: Gallery) -> None:
    found = the_map(wide_page)
    wide_page.mouse.move(*at(found, 30))
    row = int(str(found.get_attribute("data-hover")))
    wide_page.mouse.click(*at(found, row))
    expect(wide_page.get_by_role("button", name="Back to your picture")).to_be_visible()
    settle(wide_page)
    assert rows(wide_page, "fc7") == brute(gallery, "fc7", np.asarray(gallery.features["fc7"][row]), 6, without=row)


def test_a_dropped_picture_lands_among_its_neighbours(wide_page: Page, gallery: Gallery) -> None:
    """A picture of the gallery, dropped anew, lands near its own point."""
    found = the_map(wide_page)
    hand_over(wide_page, "drop", "mine.png", encoded(gallery.square(11)))
    assert rows(wide_page, "fc7")[0] == 11
    found = wide_page.locator(".map[data-painted]")
    place = [float(value) for value in str(found.get_attribute("data-query")).split()]
    there = found.evaluate("(root, row) => root.place(row)", 11)
    box = found.locator(".over").bounding_box()
    assert box
    assert np.hypot(place[0] - there[0], place[1] - there[1]) < 0.15 * min(box["width"], box["height"])


def test_presenting_a_point_is_where_it_is_seen(wide_page: Page) -> None:
    """All is larger then; what the pointer is on and where the card stands is reckoned with it."""
    found = the_map(wide_page, "neighbours?gallery=colours&present=1")
    for row in (3, 20, 41):
        wide_page.mouse.move(*at(found, row))
        expect(found).not_to_have_attribute("data-hover", "")
        there = at(found, int(str(found.get_attribute("data-hover"))))
        assert np.hypot(*np.subtract(there, at(found, row))) < 3  # it, or one that lies on it
        card, room = found.locator(".card").bounding_box(), found.locator(".over").bounding_box()
        assert card
        assert room
        assert room["x"] <= card["x"]
        assert card["x"] + card["width"] <= room["x"] + room["width"] + 1
        wide_page.mouse.move(1, 1)


def test_map_by_keyboard(wide_page: Page) -> None:
    found = the_map(wide_page)
    over = found.locator(".over")
    over.focus()
    before = at(found, 3)
    over.press("ArrowRight")
    wide_page.wait_for_timeout(100)
    after = at(found, 3)
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((-40, 0), abs=0.5)
    over.press("+")
    wide_page.wait_for_timeout(100)
    assert at(found, 3) != after


def test_a_thumbnail_that_does_not_come_leaves_its_name_once(wide_page: Page) -> None:
    open_page(wide_page, "neighbours?gallery=colours")
    tile = strip(wide_page, "fc7").locator(".tile").first
    name = tile.locator(".label").inner_text()
    tile.locator("img").dispatch_event("error")
    expect(tile.locator(".sight")).to_have_text(name)
    assert tile.inner_text().count(name) == 1
