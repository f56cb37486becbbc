"""The Neighbours page: four spaces and the codes, why, another query and back, a gallery built from the page."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from app.text import table
from app.view import Lesions
from model.explorer import Explorer
from model.gallery.build import build
from model.gallery.store import Gallery
from tests.e2e.actions import expect_no_trouble, go_to, hand_over, open_page, select, settle, slide, upload
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


def test_a_dropped_picture_finds_its_neighbours(page: Page, lang: str, gallery: Gallery) -> None:
    """Those that a search by hand through the same features finds, in every space."""
    words = table(lang)
    open_page(page, f"neighbours?gallery=colours&lang={lang}")
    data = encoded(picture(3, 300, 400))
    hand_over(page, "drop", "mine.png", data)
    expect(page.get_by_label(words["neighbours_query_alt"].format(label="mine.png"))).to_be_visible()
    seen = Explorer.open(MODEL, "cpu").run(data)
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
    explorer = Explorer.open(MODEL, "cpu")
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
    open_page(wide_page, "?layer=conv3&unit=7&tab=likes&gallery=colours")
    expect(wide_page.get_by_alt_text("Picture 1: ")).to_have_count(1)
    expect(wide_page.get_by_text(f"{strongest[0].value:.4g}").first).to_be_visible()
    images = wide_page.locator('img[alt^="Picture "]')
    assert images.count() == len(strongest)
    for i, one in enumerate(strongest[:2]):
        address = str(images.nth(i).get_attribute("src"))
        shown = np.asarray(Image.open(io.BytesIO(wide_page.request.get(address).body())).convert("RGB"))
        crop = np.asarray(Image.open(place / "photos" / gallery.names[one.index]))[16:240, 16:240]
        start, stride, px = -32, 16, 99  # of conv3, by hand: pool1 0, 8, 19; conv2 -16, 8, 51; pool2 -16, 16, 67
        edges = [(max(0, start + at * stride), min(224, start + at * stride + px)) for at in (one.row, one.column)]
        (top, bottom), (left, right) = edges
        patch = Image.fromarray(crop[top:bottom, left:right]).resize((192, 192), Image.Resampling.NEAREST)
        expected = patch.resize((96, 96), Image.Resampling.BILINEAR)  # as Streamlit sends it
        assert np.abs(shown.astype(int) - np.asarray(expected, int)).max() <= 1
    expect_no_trouble(wide_page)


# The map


def the_map(page: Page, address: str = "neighbours?gallery=colours") -> Locator:
    open_page(page, address)
    found = page.locator(".map[data-painted]")
    found.locator(".over").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    return found


def at(found: Locator, row: int) -> tuple[float, float]:
    """Where a row is on the window."""
    place = found.evaluate("(root, row) => root.place(row)", row)
    box = found.locator(".over").bounding_box()
    assert box
    return box["x"] + place[0], box["y"] + place[1]


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
    box = found.locator(".over").bounding_box()
    assert box
    own = [*range(PER_CLASS, 2 * PER_CLASS), *range(4 * PER_CLASS, 5 * PER_CLASS)]
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    check(min(own, key=lambda row: np.hypot(*np.subtract(at(found, row), middle))))  # still in sight
    found.get_by_role("button", name="Show all").click()
    select(wide_page, "Colour by", "Confidence")
    settle(wide_page)
    for row in (9, 20):
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
