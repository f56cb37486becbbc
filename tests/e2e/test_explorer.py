"""A photograph in, AlexNet open on the screen: in Chromium, wide and narrow."""

import io
import json
import re
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.figures import GPU_COLOURS
from app.samples import sample_path
from app.text import table
from model.class_names import class_name
from model.explorer import Explorer
from model.picture_set import find_split
from tests.e2e.actions import (
    atlas,
    expect_no_trouble,
    go_to,
    open_layer,
    open_page,
    pixels_of,
    point_at,
    predictions,
    settle,
    upload,
)
from tests.photographs import IMAGENET20, needs_photographs
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_nothing_from_anywhere_else(server: str) -> None:
    with urllib.request.urlopen(server) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def test_click_on_a_map_opens_the_unit(page: Page, lang: str) -> None:
    open_page(page, f"?layer=conv3&lang={lang}")
    title = table(lang)["unit_title"]
    explorer = Explorer.open(MODEL, "cpu")
    number = explorer.config.layer["conv3"].tower_units(1).start + 1
    gpu2 = point_at(page, "conv3", number - 1, 3, 3)
    gpu2.click(position={"x": 4, "y": 4})
    expect(page.get_by_role("heading", name=title.format(name="conv3", number=number, gpu=2))).to_be_visible()
    gpu2.press("ArrowRight")
    expect(page.get_by_role("heading", name=title.format(name="conv3", number=number + 1, gpu=2))).to_be_visible()
    settle(page)
    assert "layer=conv3" in page.url
    assert f"unit={number + 1}" in page.url
    expect_no_trouble(page)


def inks(page: Page, places: list[tuple[int, int]]) -> list[str]:
    """The overlay's colours at rows and columns of its 512; without alpha where it is full."""
    colours = page.locator(".picture .over").evaluate(
        "(over, at) => at.map(([y, x]) => Array.from(over.getContext('2d').getImageData(x, y, 1, 1).data))",
        [list(place) for place in places],
    )
    return ["#" + bytes(colour).hex().upper().removesuffix("FF") for colour in colours]


def test_hover_says_value_and_receptive_field(wide_page: Page) -> None:
    """The value is the network's, in two digits where 8 bits say no more; the field the layer table's, cut at the edge."""
    open_page(wide_page, "")
    explorer = Explorer.open(MODEL, "cpu")
    seen = explorer.run(sample_path("cat"))
    for name, place in (
        ("conv1", (54, 54)),
        ("conv2", (0, 0)),
        ("conv3", (6, 6)),
        ("conv4", (0, 12)),
        ("conv5", (7, 5)),
        ("pool5", (2, 3)),
    ):
        row = explorer.config.layer[name]
        open_layer(wide_page, name)
        unit = int(seen[name].max((1, 2)).argmax())
        point_at(wide_page, name, unit, *place)
        lines = wide_page.locator(".atlas .lines")
        gpu = 1 + int(unit >= row.tower_units(0).stop)
        expect(lines).to_contain_text(f"{name} unit {unit + 1}, GPU{gpu}, row {place[0] + 1}, column {place[1] + 1}: ")
        said = lines.inner_text().splitlines()[0].split(": ")[1]
        assert re.fullmatch(r"about (0|0\.0*[1-9]\d?|[1-9]\.\d|[1-9]\d0*|[1-9])", said), said
        exact, step = float(seen[name][unit][place]), float(seen[name][unit].max()) / 255
        assert float(said.removeprefix("about ")) == pytest.approx(exact, rel=0.05, abs=step)
        peak = np.unravel_index(int(seen[name][unit].argmax()), seen[name][unit].shape)
        point_at(wide_page, name, unit, int(peak[0]), int(peak[1]))
        expect(lines).to_contain_text(f": {float(f'{seen[name][unit].max():.4g}'):g}")  # the strongest is there exactly
        point_at(wide_page, name, unit, *place)
        field = " ".join(str(edge) for edge in (row.field(*place)))
        expect(wide_page.locator(".picture")).to_have_attribute("data-field", field)
        top, left, bottom, right = (2 * (16 + edge) for edge in row.field(*place))  # on the overlay, 2 to the pixel
        y, x = (top + bottom) // 2, (left + right) // 2
        assert inks(wide_page, [(top, x), (bottom, x), (y, left), (y, right)]) == [GPU_COLOURS[gpu - 1]] * 4
        assert inks(wide_page, [(y, x)]) == ["#00000000"]
    assert explorer.config.layer["pool5"].field_px == 195
    over = wide_page.get_by_role("button", name="Map", exact=True)
    expect(over).to_be_visible()
    go_to(wide_page, "Kernels")  # where no unit is looked at nothing is outlined
    expect(wide_page.locator(".picture")).to_have_attribute("data-field", "")
    expect(over).to_be_hidden()
    go_to(wide_page, "Explore")
    expect(wide_page.locator(".picture")).not_to_have_attribute("data-field", "")


def test_field_and_status_stay_in_sight(page: Page) -> None:
    """However far down a map is: the photograph with the field outlined, and the model, device and time."""
    open_page(page, "")
    open_layer(page, "conv5")
    point_at(page, "conv5", 100, 6, 6)
    expect(page.locator(".picture")).to_have_attribute("data-field", "32 32 195 195")
    expect(page.locator(".atlas canvas.maps").nth(1)).to_be_in_viewport()
    expect(page.locator(".picture .over")).to_be_in_viewport(ratio=1)
    status = page.get_by_text("This picture took")
    expect(status).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": int(page.evaluate("innerWidth")), "height": 600})  # as low as a laptop's
    expect(status).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("stPopoverButton").filter(has_text="Lesions")).to_be_in_viewport(ratio=1)
    for title in ("Predict", "Kernels", "Neighbours", "Lessons", "Model"):
        go_to(page, title)
        expect(status).to_be_in_viewport(ratio=1)


def test_every_layer_is_drawn(page: Page) -> None:
    open_page(page, "")
    for row in Explorer.open(MODEL, "cpu").config.layers:
        found = open_layer(page, row.name)
        expect(found.locator("canvas.maps")).to_have_count(row.towers if row.name not in ("fc8", "prob") else 0)
        expect_no_trouble(page)
    expect(atlas(page, "prob").locator(".classes li").first).to_contain_text(
        Explorer.open(MODEL, "cpu").run(sample_path("cat")).top(1)[0].name
    )


def test_sorted_by_activity(wide_page: Page) -> None:
    open_page(wide_page, "?layer=conv3")
    highs = Explorer.open(MODEL, "cpu").run(sample_path("cat"))["conv3"].max((1, 2))
    atlas(wide_page, "conv3").locator(".sort").click()
    order = atlas(wide_page, "conv3").locator("canvas.maps").first.get_attribute("data-order")
    assert json.loads(order or "") == np.argsort(-highs[: len(highs) // 2], kind="stable").tolist()


def test_back_and_forward(wide_page: Page) -> None:
    open_page(wide_page, "")
    wide_page.locator('.net [data-target="gpu1"]').click()
    expect(wide_page.get_by_text("Muted: GPU1 100 %.")).to_be_visible()
    settle(wide_page)
    wide_page.go_back()
    expect(wide_page.get_by_text("Muted: GPU1 100 %.")).to_have_count(0)
    settle(wide_page)
    wide_page.go_forward()
    expect(wide_page.get_by_text("Muted: GPU1 100 %.")).to_be_visible()
    expect_no_trouble(wide_page)


def test_paint_changes_the_prediction(wide_page: Page) -> None:
    open_page(wide_page, "")
    bars = wide_page.locator(".bars .value")
    expect(bars).to_have_count(5)
    before = bars.all_text_contents()
    wide_page.get_by_role("button", name="Paint", exact=True).click()
    box = wide_page.locator(".picture .over").bounding_box()
    assert box
    wide_page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    wide_page.mouse.down()
    for x, y in ((0.8, 0.3), (0.8, 0.6), (0.2, 0.6), (0.5, 0.9)):
        wide_page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=12)
    expect(bars).not_to_have_text(before)  # while the brush is still down
    wide_page.mouse.up()
    expect(bars).not_to_have_text(before)
    wide_page.locator(".picture .clear").click()
    expect(bars).to_have_text(before)
    expect_no_trouble(wide_page)


def overlay(page: Page) -> npt.NDArray[np.uint8]:
    """What lies over the photograph, (512, 512, 4)."""
    return pixels_of(page.locator(".picture .over"))


def test_map_over_the_photograph(wide_page: Page) -> None:
    """It darkens the crop but where the map is strong, and goes again."""
    explorer = Explorer.open(MODEL, "cpu")
    row, maps = explorer.config.layer["conv4"], explorer.run(sample_path("cat"))["conv4"]
    unit = int(maps.max((1, 2)).argmax())
    peak = np.unravel_index(int(maps[unit].argmax()), (13, 13))
    silent = next(
        place for place in zip(*np.nonzero(maps[unit] == 0), strict=True) if min(place) > 3 and max(place) < 9
    )
    open_page(wide_page, f"?layer=conv4&unit={unit + 1}")
    before = overlay(wide_page)
    button = wide_page.get_by_role("button", name="Map", exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    after = overlay(wide_page)

    def middle(place: Sequence[Any]) -> list[int]:
        """The overlay's pixel in the middle of what a value sees; twice 16 pixels beside the 256's, 2 to the pixel."""
        y, x = (2 * round(16 + row.field_start_px + at * row.field_stride_px + row.field_px / 2) for at in place)
        return [int(part) for part in after[y, x]]

    inside, outside = after[32:480, 32:480], after[:28]
    assert (inside[..., 3] >= 0xAA).mean() > 0.95  # dark glass over the crop
    assert np.array_equal(outside, before[:28])
    assert middle(silent) == [0, 0, 0, 0xAA]
    red, green, blue, _ = middle(peak)
    assert min(red, green) > 200
    assert blue < red
    button.click()
    assert np.array_equal(overlay(wide_page), before)


def test_kernels_by_gpu(page: Page) -> None:
    open_page(page, "kernels")
    half = Explorer.open(MODEL, "cpu").config.layer["conv1"].tower_units(0).stop
    expect(page.get_by_text(f"GPU1: 1 to {half}")).to_be_visible()
    atlas(page).locator("canvas").nth(1).click(position={"x": 3, "y": 3})
    expect(page.get_by_role("heading", name=f"conv1 kernel {half + 1} on GPU2")).to_be_visible()
    page.get_by_text("Each its own", exact=True).click()
    settle(page)
    expect_no_trouble(page)


@needs_photographs
def test_photographs_of_known_classes(wide_page: Page) -> None:
    """Photographs of the validation split, uploaded as their own bytes: nine in ten show their class in the top five."""
    pictures = find_split(IMAGENET20, "val")
    found = []
    open_page(wide_page, "")
    for i, (name, data, label) in enumerate(pictures.pictures()):
        if i % 800 == 0:
            upload(wide_page, Path(name).name, data())
            expect(wide_page.get_by_text(f"{Path(name).name}. The network sees")).to_be_visible()
            found.append(class_name(pictures.class_ids[label]) in predictions(wide_page))
    assert len(found) == 10
    assert sum(found) >= 8
    go_to(wide_page, "Explore")
    expect(atlas(wide_page).locator("canvas.maps")).to_have_count(2)
    expect_no_trouble(wide_page)
