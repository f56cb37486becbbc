"""Pictures, tables, activations and the page itself, taken out of the browser and opened elsewhere."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from app.samples import sample_path
from app.text import table
from model.explorer import Explorer
from tests.e2e.actions import open_layer, open_page, settle
from tests.test_shipped_model import MODEL

SVG = "{http://www.w3.org/2000/svg}"


def unfold(page: Page, lang: str = "en") -> Locator:
    page.get_by_test_id("stPopoverButton").filter(has_text=table(lang)["take_title"]).click()
    panel = page.locator(".take[data-pictures]")
    expect(panel).to_be_visible()
    return panel


def taken(page: Page, button: Locator, folder: Path) -> Path:
    with page.expect_download(timeout=60_000) as download:
        button.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_units_map_as_png_and_svg(wide_page: Page, tmp_path: Path, lang: str) -> None:
    words = table(lang)
    open_page(wide_page, f"?lang={lang}&unit=7")
    open_layer(wide_page, "conv2")  # the browser alone knows of it
    panel = unfold(wide_page, lang)
    name = wide_page.locator(".atlas .card h4").inner_text()
    assert name.startswith(words["atlas_unit"].split(" {number}")[0].format(name="conv2"))
    file = taken(
        wide_page, panel.get_by_role("button", name=words["take_as_png"].format(name=name), exact=True), tmp_path
    )
    assert re.fullmatch(r"alexnet-imagenet20-conv2-\d+-.*\.png", file.name)
    with Image.open(file) as image:
        assert image.width >= 800
        assert image.height > image.width + 40  # the square map, and the caption's strip below it
        strip = np.asarray(image.convert("L"))[image.width + 5 :]
        assert strip.min() < 100
        assert strip.max() > 200
    file = taken(
        wide_page, panel.get_by_role("button", name=words["take_as_svg"].format(name=name), exact=True), tmp_path
    )
    root = ElementTree.parse(file).getroot()
    caption = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert name in caption
    assert "imagenet20" in caption
    image_part = root.find(f"{SVG}image")
    assert image_part is not None
    assert image_part.attrib["href"].startswith("data:image/png;base64,")


def test_bars_and_plots_stay_vectors(wide_page: Page, tmp_path: Path) -> None:
    open_page(wide_page, "kernels?kernel=5")
    panel = unfold(wide_page)
    tuning = panel.get_by_role("button", name=re.compile("tuning curve: .* as SVG")).first
    root = ElementTree.parse(taken(wide_page, tuning, tmp_path)).getroot()
    assert root.find(f"{SVG}image") is None
    assert len(list(root.iter(f"{SVG}path"))) > 3
    caption = [text.text or "" for text in root.findall(f"{SVG}text")]
    assert any("conv1 unit 5, GPU1" in line for line in caption)


def test_the_photograph_and_the_net_are_listed(page: Page) -> None:
    open_page(page, "")
    names = unfold(page).locator("li span").all_text_contents()
    assert "The picture that the network looks at: Cat" in names
    assert table("en")["net_alt"] in names


def test_the_layer_table_as_csv_and_in_the_pages_file(page: Page, lang: str, tmp_path: Path) -> None:
    words = table(lang)
    open_page(page, f"model?lang={lang}")
    file = taken(page, page.locator(".st-key-csv_layer_table button"), tmp_path)
    assert file.name == "alexnet-imagenet20-layer-table.csv"
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    # 96 x 363 + 96
    own = [rows[0][words[f"column_{name}"]] for name in ("layer", "shape", "parameters")]
    assert own == ["conv1", "96 x 55 x 55", "34944"]
    assert len(rows) == 14
    page.locator("details summary", has_text=words["model_report"]).click()  # the classes' errors are a table too
    expect(page.locator(".st-key-table_class_table").get_by_test_id("stDataFrame")).to_be_visible()
    settle(page)
    whole = taken(page, unfold(page, lang).get_by_role("button", name=words["take_page"]), tmp_path)
    tables = re.findall(r"<table>.*?</table>", whole.read_text(encoding="utf-8"))
    assert [made.count("<tr>") for made in tables] == [21, 21, 15]  # classes, confusions, fourteen layers, their titles
    assert f"<th>{words['column_layer']}</th>" in tables[2]
    assert "<td>96 x 55 x 55</td>" in tables[2]
    assert "<td>34,944</td>" in tables[2]


def test_a_lessons_picture_says_the_unit_that_it_shows(page: Page, lang: str, tmp_path: Path) -> None:
    words = table(lang)
    open_page(page, f"lessons?lesson=relu&step=2&unit=6&lang={lang}")
    page.get_by_role("slider", name=words["lesson_unit"].format(name="conv1")).press("ArrowRight")
    settle(page)
    panel = unfold(page, lang)
    said = {}
    for name in (words["lesson_relu_alt_tanh"].format(number=7), words["picture_alt"].format(name=words["sample_cat"])):
        button = panel.get_by_role("button", name=words["take_as_svg"].format(name=name), exact=True)
        root = ElementTree.parse(taken(page, button, tmp_path)).getroot()
        said[name] = "".join(text.text or "" for text in root.findall(f"{SVG}text"))
    shown, photograph = said.values()
    assert words["atlas_unit"].format(name="conv1", number=7, gpu=1) in shown
    assert "conv1" not in photograph
    assert "imagenet20" in photograph


def test_a_windows_table_as_csv(wide_page: Page, tmp_path: Path) -> None:
    open_page(wide_page, "?layer=norm1&unit=9")
    file = taken(wide_page, wide_page.locator(".window .csv"), tmp_path)
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["7", "8", "9", "10", "11"]
    assert [float(row[1].replace(",", "")) ** 2 for row in rows[1:]] == pytest.approx(
        [float(row[2].replace(",", "")) for row in rows[1:]], rel=1e-3
    )


def test_the_list_fills_while_the_page_is_drawn(wide_page: Page) -> None:
    wide_page.goto("/")
    wide_page.get_by_test_id("stPopoverButton").filter(has_text=table("en")["take_title"]).click()
    expect(wide_page.locator(".take li span").get_by_text(table("en")["net_alt"], exact=True)).to_be_visible()


def test_activations_as_npz(wide_page: Page, tmp_path: Path) -> None:
    open_page(wide_page, "?layer=conv3")
    unfold(wide_page)
    file = taken(wide_page, wide_page.get_by_role("button", name=table("en")["take_npz"]), tmp_path)
    assert file.name == "alexnet-imagenet20-conv3.npz"
    own = Explorer.open(MODEL, "cpu").run(sample_path("cat"))
    with np.load(file) as made:
        np.testing.assert_allclose(made["conv3"], own["conv3"], rtol=1e-4, atol=1e-4)
        assert "Cat" in str(made["meta"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_as_one_file_works_offline(wide_page: Page, browser: Browser, tmp_path: Path, lang: str) -> None:
    words = table(lang)
    open_page(wide_page, f"lessons?lesson=relu&step=3&lang={lang}")
    settle(wide_page)
    file = taken(wide_page, unfold(wide_page, lang).get_by_role("button", name=words["take_page"]), tmp_path)
    assert file.name == "alexnet-lessons.html"
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(file.as_uri())
    assert page.locator("img").count() >= 6  # the photograph, two plots, three maps
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    expect(page.get_by_text(words["lesson_relu_see"])).to_be_visible()
    expect(page.get_by_text("imagenet20").first).to_be_visible()
    expect(page.get_by_text(words["take_no_upload"])).to_be_visible()
    assert "lesson=relu" in (page.locator("footer a").get_attribute("href") or "")
    assert [one for one in asked if not one.startswith(("file:", "data:"))] == []
    context.close()


def test_whose_bars_and_which_layers_maps(wide_page: Page, tmp_path: Path) -> None:
    """The model beside is named for its own bars, and an atlas's layer for its maps."""
    open_page(wide_page, "predict?model=imagenet20&beside=tiny200")
    panel = unfold(wide_page)
    best = wide_page.locator(".st-key-beside_tiny200 .bars").get_attribute("aria-label")
    file = taken(wide_page, panel.get_by_role("button", name=f"{best} as PNG", exact=True), tmp_path)
    assert file.name.startswith("alexnet-tiny200-")
    open_page(wide_page, "?layer=conv3")
    panel = unfold(wide_page)
    file = taken(wide_page, panel.get_by_role("button", name="conv3 · GPU1: 1 to 192 as PNG", exact=True), tmp_path)
    assert "conv3-gpu1" in file.name
