"""A photograph in, AlexNet open on the screen: in Chromium, wide and narrow."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.samples import FILES, sample_path
from model.class_names import class_name
from model.explorer import Explorer
from model.picture_set import find_split
from model.preprocess import read_picture
from tests.e2e.actions import PAGES, atlas, expect_no_trouble, go_to, open_page, predictions, settle, upload
from tests.photographs import IMAGENET20, needs_photographs
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(page: Page, path: str) -> None:
    open_page(page, path)
    expect(page.get_by_text("Cat. The network sees")).to_be_visible()
    expect_no_trouble(page)


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
    for title in ("Activations", "Kernels", "Neighbours", "Model", "Predict"):
        go_to(page, title)
        expect(page.get_by_text("flower.png. The network sees")).to_be_visible()
        expect_no_trouble(page)


def test_ten_crops(page: Page) -> None:
    open_page(page, "")
    page.get_by_text("Ten crops", exact=True).click()
    expect(page.get_by_text("Each crop's vote")).to_be_visible()
    settle(page)
    best = Explorer.open(MODEL, "cpu").run_ten_crops(sample_path("cat")).top(5)
    assert predictions(page) == [one.name for one in best]
    expect_no_trouble(page)


def test_sample(page: Page) -> None:
    open_page(page, "")
    page.get_by_text("Sample", exact=True).click()
    page.get_by_text("Rocket", exact=True).click()
    expect(page.get_by_text("Rocket. The network sees")).to_be_visible()
    page.reload()
    settle(page)
    expect(page.get_by_text("Rocket. The network sees")).to_be_visible()


def test_broken_file_is_one_sentence(page: Page) -> None:
    open_page(page, "")
    upload(page, "broken.png", b"not a picture")
    expect(page.get_by_text("This is not a picture that can be read; choose a JPEG")).to_be_visible()
    expect(page.get_by_text("Cat. The network sees")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_click_on_a_map_opens_the_unit(page: Page) -> None:
    open_page(page, "activations?layer=conv3")
    explorer = Explorer.open(MODEL, "cpu")
    row = explorer.config.layer["conv3"]
    gpu2 = atlas(page).locator("canvas").nth(1)
    gpu2.click(position={"x": 4, "y": 4})
    number = row.tower_units(1).start + 1
    expect(page.get_by_role("heading", name=f"conv3 unit {number} on GPU2")).to_be_visible()
    gpu2.press("ArrowRight")
    expect(page.get_by_role("heading", name=f"conv3 unit {number + 1} on GPU2")).to_be_visible()
    expect_no_trouble(page)


def test_hover_says_the_networks_number(page: Page) -> None:
    """The value under the pointer is the network's, within what 8 bits can say."""
    open_page(page, "activations?layer=conv5")
    found = atlas(page)
    canvas = found.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    maps = Explorer.open(MODEL, "cpu").run(sample_path("cat"))["conv5"]
    cell = canvas.evaluate("(c) => c.getBoundingClientRect().width / c.width")  # a drawn pixel on the screen
    strongest = int(maps[:8].max((1, 2)).argmax())  # in the first row, whatever the number of columns
    y, x = np.unravel_index(int(maps[strongest].argmax()), maps[strongest].shape)
    page.mouse.move(box["x"] + (strongest * 14 + int(x) + 0.5) * cell, box["y"] + (int(y) + 0.5) * cell)
    tip = found.locator(".tip")
    expect(tip).to_contain_text(f"conv5 unit {strongest + 1}: ")
    said = float(tip.inner_text().split(": ")[1])
    assert said == pytest.approx(float(maps[strongest].max()), rel=0.01)


def test_every_layer_is_drawn(page: Page) -> None:
    open_page(page, "activations")
    for row in Explorer.open(MODEL, "cpu").config.layers:
        if row.name not in ("fc8", "prob"):
            open_page(page, f"activations?layer={row.name}")
            expect(page.locator(f'.atlas[data-painted="{row.name}"] canvas')).to_have_count(2)
            expect_no_trouble(page)


def test_kernels_by_gpu(page: Page) -> None:
    open_page(page, "kernels")
    half = Explorer.open(MODEL, "cpu").config.layer["conv1"].tower_units(0).stop
    expect(page.get_by_text(f"GPU1: 1 to {half}")).to_be_visible()
    atlas(page).locator("canvas").nth(1).click(position={"x": 3, "y": 3})
    expect(page.get_by_role("heading", name=f"conv1 kernel {half + 1} on GPU2")).to_be_visible()
    page.get_by_text("Each its own", exact=True).click()
    settle(page)
    expect_no_trouble(page)


def test_neighbours_of_a_folder(page: Page, tmp_path: Path) -> None:
    for name in FILES:
        image = read_picture(sample_path(name))
        image.save(tmp_path / f"{name}.png")
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / f"{name} mirrored.png")
    open_page(page, "neighbours")
    page.get_by_label("Folder or Parquet file").fill(str(tmp_path))
    page.get_by_role("button", name="Build the gallery").click()
    expect(page.get_by_text("The six nearest of 14 pictures in")).to_be_visible()
    settle(page)
    expect(page.get_by_alt_text("Neighbour")).to_have_count(6)
    expect(page.get_by_text("cat.png", exact=False).first).to_be_visible()
    expect(page.get_by_text("distance 0.0")).to_be_visible()  # the picture itself
    expect_no_trouble(page)


def test_neighbours_of_nothing(page: Page) -> None:
    open_page(page, "neighbours")
    page.get_by_label("Folder or Parquet file").fill("/nowhere/at/all")
    page.get_by_role("button", name="Build the gallery").click()
    expect(
        page.get_by_text("There is nothing at /nowhere/at/all; give a folder of pictures or a Parquet file.")
    ).to_be_visible()


@needs_photographs
def test_photographs_of_known_classes(page: Page) -> None:
    """Photographs of the validation split, uploaded as their own bytes: nine in ten show their class in the top five."""
    pictures = find_split(IMAGENET20, "val")
    found = []
    for i, (name, data, label) in enumerate(pictures.pictures()):
        if i % 800 == 0:
            open_page(page, "")
            upload(page, Path(name).name, data())
            found.append(class_name(pictures.class_ids[label]) in predictions(page))
    assert len(found) == 10
    assert sum(found) >= 8
    go_to(page, "Neighbours")
    page.get_by_label("Folder or Parquet file").fill(str(IMAGENET20 / "val-00000-of-00001.parquet"))
    page.get_by_label("At most this many pictures").fill("60")
    page.get_by_role("button", name="Build the gallery").click()
    expect(page.get_by_text("The six nearest of 60 pictures in")).to_be_visible()
    expect(page.get_by_alt_text("Neighbour")).to_have_count(6)
    for title in ("Activations", "Kernels"):
        go_to(page, title)
        expect(atlas(page).locator("canvas")).to_have_count(2)
        expect_no_trouble(page)
