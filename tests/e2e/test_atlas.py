"""A layer's maps: what range and colours do to the pixels, which units are marked silent, classes as units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.colors
import pytest
from playwright.sync_api import Page, expect

from app.components import atlas as component
from app.samples import sample_path
from app.text import class_word, speaking, table
from model.explorer import Activations, Explorer
from model.layers import PAPER
from tests.e2e.actions import atlas, expect_no_trouble, open_layer, open_page, pixels_of, settle
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer.open(MODEL, "cpu")


@pytest.fixture(scope="module")
def seen(explorer: Explorer) -> Activations:
    return explorer.run(sample_path("cat"))


def cells(page: Page, layer: str) -> npt.NDArray[Any]:
    """Every unit's own pixels, (units, height, width, 3), in the units' order."""
    found = {}
    for canvas in atlas(page, layer).locator("canvas.maps").all():
        pixels, columns = pixels_of(canvas)[..., :3], int(canvas.get_attribute("data-columns") or 0)
        side = pixels.shape[1] // columns
        for i, unit in enumerate(json.loads(canvas.get_attribute("data-order") or "")):
            top, left = side * (i // columns), side * (i % columns)
            found[unit] = pixels[top : top + side, left : left + side]
    return np.stack([found[unit] for unit in range(len(found))])


def values(page: Page, layer: str, unit: int, size: int) -> npt.NDArray[Any]:
    """The colours of one unit's values, (size, size, 3)."""
    cell = cells(page, layer)[unit]
    block = len(cell) // size
    return np.asarray(cell[block // 2 :: block, block // 2 :: block][:size, :size], float)


def ramp(name: str, shares: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A colour scale of plotly's at shares 0..1."""
    stops = np.array([plotly.colors.hex_to_rgb(colour) for colour in getattr(plotly.colors.sequential, name)], float)
    return np.stack([np.interp(shares * (len(stops) - 1), np.arange(len(stops)), part) for part in stops.T], -1)


def test_range_and_colours_change_the_pixels(wide_page: Page, seen: Activations) -> None:
    """From the network's own numbers: each unit over its range, then over the layer's, then in the other scales."""
    maps = seen["conv3"]
    highs = maps.max((1, 2))
    unit = int(np.argsort(highs)[len(highs) // 2])  # one of the middle: the layer's range makes it darker
    own, whole = maps[unit] / highs[unit], maps[unit] / highs.max()
    assert 0 < highs[unit] < highs.max() / 2
    open_page(wide_page, "?layer=conv3")
    found = atlas(wide_page, "conv3")

    def shown() -> npt.NDArray[Any]:
        return values(wide_page, "conv3", unit, 13)

    assert np.abs(shown() - 255 * own[..., None]).max() <= 1
    found.locator(".range").click()
    expect(found.locator(".range")).to_have_text("Range: one for the layer")
    assert np.abs(shown() - 255 * whole[..., None]).max() <= 1.5
    found.locator(".range").click()
    for name in ("Viridis", "Magma"):
        found.locator(".colour").click()
        expect(found.locator(".colour")).to_have_text(f"Colours: {name.lower()}")
        assert np.abs(shown() - ramp(name, own)).max() <= 3
    found.locator(".colour").click()
    assert np.abs(shown() - 255 * own[..., None]).max() <= 1


def test_the_papers_fc_units_make_a_square(wide_page: Page) -> None:
    """4,096 of them 64 by 64, on one GPU or as two halves; no such net ships."""
    script = Path(component.__file__).with_name("atlas.js").read_text(encoding="utf-8").partition("export default")[0]
    columns = wide_page.evaluate(
        f"() => {{ {script}; return [2048, 4096].map((count) => layoutOf({{ size: 1 }}, count).columns); }}"
    )
    assert columns == [64, 64]


def luminance(colour: npt.NDArray[Any]) -> float:
    """WCAG's relative luminance of an RGB triple 0..255."""
    share = np.asarray(colour, float) / 255
    return float(np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def test_every_unit_of_the_papers_net_has_its_place(wide_page: Page) -> None:
    """One atlas a GPU, conv1's 96 to conv4's 384; fc6 and fc7 are 64 wide and twice 32 high. Numbers stand in for a net."""
    rows = [row for row in PAPER.layers if row.name not in ("fc8", "prob")]
    open_page(wide_page, "")
    drawn = atlas(wide_page).evaluate(
        """(root, layers) => {
          const { alexnet } = globalThis, sum = (count) => layers.reduce((all, layer) => all + count(layer), 0);
          const units = sum((layer) => layer.units), highs = new Float32Array(units).fill(1);
          let first = 0, offset = 0;
          for (const layer of layers) {
            Object.assign(layer, { ...alexnet.seen.layers.find(({ name }) => name === layer.name), ...layer, first, offset });
            first += layer.units;
            offset += layer.units * layer.size ** 2;
          }
          const none = { lows: new Float32Array(units), peaks: new Uint32Array(units), muted: {} };
          alexnet.seen = { ...alexnet.seen, ...none, highs, layers, pixels: new Uint8Array(offset) };
          return layers.map(({ name }) => {
            alexnet.look({ layer: name, unit: 0, row: null, column: null });
            return [...root.querySelectorAll("canvas.maps")].map(({ dataset, width, height }) =>
              ({ order: JSON.parse(dataset.order), columns: Number(dataset.columns), width, height }));
          });
        }""",
        [{"name": row.name, "units": row.units, "size": row.size_px} for row in rows],
    )
    for row, towers in zip(rows, drawn, strict=True):
        assert [one["order"] for one in towers] == [
            list(range(row.tower_units(tower).start, row.tower_units(tower).stop)) for tower in (0, 1)
        ]
        for one in towers:
            cell = one["width"] / one["columns"]
            assert cell >= row.size_px
            assert one["columns"] * one["height"] / cell == row.units / 2, row.name
            assert row.size_px > 1 or (one["columns"], one["height"] / cell) == (64, 32)


@pytest.mark.parametrize("layer", ["fc6", "fc7", "conv3"])
def test_exactly_the_silent_are_marked(wide_page: Page, seen: Activations, layer: str) -> None:
    """By a stroke, whose lightness alone sets it off from its ground; not those that are but weak."""
    flat = seen[layer].reshape(len(seen[layer]), -1).max(1)
    silent = set(np.flatnonzero(flat == 0).tolist())
    assert 0 < len(silent) < len(flat)
    open_page(wide_page, f"?layer={layer}")
    expect(atlas(wide_page, layer).locator(".legend")).to_have_text(
        f"A stroke marks a silent unit, at exactly zero for this picture: {len(silent):,} of {len(flat):,}."
    )
    found = atlas(wide_page, layer)
    shades = "zero, brightest each unit's own largest value." if layer == "conv3" else f"0, brightest {flat.max():.3g}."
    expect(found.locator(".range-of")).to_have_text(f"Darkest is {shades}")
    expect(found.locator(".range")).to_be_visible(visible=layer == "conv3")  # single values share the layer's range
    for _ in range(3):  # in every colour scale
        drawn = cells(wide_page, layer)
        ground = drawn[min(silent)][0, 0]
        if layer != "conv3":  # a value is one colour, but for the stroke
            assert {
                unit for unit, cell in enumerate(drawn) if len(np.unique(cell.reshape(-1, 3), axis=0)) > 1
            } == silent
        for unit in silent:
            inside = drawn[unit][: len(drawn[unit]) - (layer == "conv3"), : len(drawn[unit]) - (layer == "conv3")]
            stroke = max(luminance(colour) for colour in np.unique(inside.reshape(-1, 3), axis=0))
            assert (stroke + 0.05) / (luminance(ground) + 0.05) >= 3, unit
        found.locator(".colour").click()


def test_a_cross_for_the_muted(wide_page: Page) -> None:
    open_page(wide_page, "?layer=fc6&mute=fc6.1-100")
    expect(atlas(wide_page, "fc6").locator(".legend")).to_contain_text("A cross marks a muted unit.")
    open_layer(wide_page, "conv1")
    expect(atlas(wide_page, "conv1").locator(".legend")).to_have_text("")  # none is silent, none is muted


@pytest.mark.parametrize(
    ("layer", "arithmetic", "count"), [("fc8", "window_sum_units", 4096), ("prob", "window_softmax", 20)]
)
def test_a_class_is_a_unit(page: Page, lang: str, seen: Activations, layer: str, arithmetic: str, count: int) -> None:
    """By click: its logit or softmax, product by product, and why; then another one by keyboard."""
    words = table(lang)
    with speaking(lang):
        names = [class_word(seen.classes[unit][1]) for unit in np.argsort(-seen["prob"])]
    open_page(page, f"?lang={lang}")
    rows = open_layer(page, layer).locator(".choice")
    rows.filter(has_text=names[2]).click()
    expect(page.get_by_role("heading", name=words["unit_class"].format(name=layer, of=names[2]))).to_be_visible()
    expect(page.locator(".window")).to_contain_text(words[arithmetic].format(count=count))
    expect(rows.filter(has_text=names[2])).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.choice[aria-pressed="true"]')).to_have_count(1)
    settle(page)
    assert f"layer={layer}" in page.url
    expect(page.get_by_role("radio", name=words["unit_tab_why"])).to_be_visible()
    expect(rows.filter(has_text=names[2])).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=words["unit_class"].format(name=layer, of=names[3]))).to_be_visible()
    expect_no_trouble(page)


def test_enter_on_a_layer_of_classes(wide_page: Page) -> None:
    open_page(wide_page, "")
    wide_page.locator('.net .box[data-layer="prob"]').focus()
    wide_page.keyboard.press("Enter")
    expect(atlas(wide_page, "prob").locator(".choice").first).to_be_focused()


def test_the_maps_keep_the_focus(wide_page: Page) -> None:
    """From unit to unit, as often as one likes, though the server answers in between."""
    open_page(wide_page, "?layer=conv3&unit=1")
    atlas(wide_page, "conv3").locator("canvas.maps").first.focus()
    for number in (2, 3):
        wide_page.keyboard.press("ArrowRight")
        expect(wide_page.get_by_role("heading", name=f"conv3 unit {number} on GPU1")).to_be_visible()
        settle(wide_page)
    atlas(wide_page, "conv3")


def test_all_classes_are_shown_when_asked_for(wide_page: Page) -> None:
    """Twenty at first, the most probable; then all two hundred, each a button, and back."""
    open_page(wide_page, "?layer=prob&model=tiny200")
    found = atlas(wide_page, "prob")
    expect(found.locator(".classes li")).to_have_count(20)
    found.get_by_role("button", name="Show all 200 classes, not the first 20 alone").click()
    expect(found.locator(".classes li")).to_have_count(200)
    found.get_by_role("button", name="Show the first 20 classes alone").click()
    expect(found.locator(".classes li")).to_have_count(20)
    open_page(wide_page, "?layer=prob&model=imagenet20")
    expect(atlas(wide_page, "prob").locator(".more")).to_be_hidden()  # there are no more
