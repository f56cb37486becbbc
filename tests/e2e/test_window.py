"""The window panel in Chromium: what it paints is the network's; playing, stepping and choosing need no server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from app.samples import sample_path
from model import window
from model.explorer import Explorer
from model.steps import WeightedSum
from tests.e2e.actions import expect_no_trouble, open_page, pixels_of
from tests.e2e.conftest import serving
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The panel alone."""
    with serving("tests/e2e/window_script.py", tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer.open(MODEL, "cpu")


def panel(page: Page, address: str) -> Locator:
    """The panel of an address, painted."""
    open_page(page, address)
    painted = page.locator(".window[data-painted]")
    expect(painted).to_be_visible()
    return painted


def numbers(cells: Locator) -> list[float]:
    return [read(text) for text in cells.all_inner_texts()]


def read(text: str) -> float:
    return float(text.replace("\u2212", "-").replace(",", ""))


@pytest.mark.parametrize(
    "place", [("conv1", 3, 54, 54), ("conv2", 100, 0, 7), ("conv3", 42, 5, 11), ("fc6", 106, 0, 0)]
)
@pytest.mark.parametrize("lesion", [False, True])
def test_what_is_painted_is_the_networks(
    wide_page: Page, explorer: Explorer, place: tuple[str, int, int, int], lesion: bool
) -> None:
    layer, unit, row, column = place
    gains = {"conv1": 0.5, "cross_talk": 0.25} if lesion else None
    seen = explorer.run(sample_path("cat"), gains)
    step = window.chain(explorer, seen, *place, gains)[0]
    assert isinstance(step, WeightedSum)
    painted = panel(wide_page, f"?layer={layer}&unit={unit}&row={row}&column={column}{'&lesion' if lesion else ''}")
    for name, arrays in (("first", step.strongest[0]), ("second", step.strongest[1])):
        if name == "second":
            painted.locator(".channel").nth(1).click()
        grids = painted.locator(".grids table")
        for i, values in enumerate((step.patch[arrays], step.kernel[arrays], step.products[arrays])):
            shown = numbers(grids.nth(i).locator("td"))
            assert shown == pytest.approx(values.ravel().tolist(), rel=0.006, abs=0.00051)
    if layer == "conv1":
        low, high = step.kernel.min(), step.kernel.max()
        colours = window.colours_of(explorer, seen, step), 255 * (step.kernel.transpose(1, 2, 0) - low) / (high - low)
        for i, expected in enumerate(colours):
            drawn = pixels_of(painted.locator(".pictures canvas").nth(i))
            assert drawn.shape == (11, 11, 4)
            assert np.abs(drawn[..., :3] - expected).max() <= 1
    own = painted.locator(".arithmetic .result")
    assert read(own.last.inner_text()) == pytest.approx(window.value_of(explorer, seen, step.place), rel=1e-4)
    assert own.nth(-2).inner_text() == own.last.inner_text()  # what was reckoned is what the network has
    expect_no_trouble(wide_page)


@pytest.mark.parametrize("layer", ["norm1", "pool1", "norm2", "pool2", "conv4", "conv5", "pool5", "fc7", "fc8", "prob"])
def test_every_layer_comes_out_as_the_network_has_it(wide_page: Page, explorer: Explorer, layer: str) -> None:
    values = explorer.run(sample_path("cat"))[layer]
    place = np.unravel_index(int(values.argmax()), values.shape)
    names = ("unit", "row", "column")
    address = "&".join(f"{name}={int(i)}" for name, i in zip(names, place, strict=False))
    painted = panel(wide_page, f"?layer={layer}&{address}")
    for part in painted.locator(
        ".arithmetic, .block"
    ).all():  # its last line is the network's, before it what was reckoned
        results = [read(text) for text in part.locator(".result").all_inner_texts()]
        largest = [read(text.split(": ")[1]) for text in part.locator(".windows figcaption").all_inner_texts()]
        reckoned = largest or results[-2:-1]
        assert results[-len(reckoned) :] == pytest.approx(reckoned, rel=2e-5)
    results = [read(text) for text in painted.locator(".result").all_inner_texts()]
    assert min(abs(result - float(values.max())) for result in results) <= 1e-4 * float(values.max())
    expect_no_trouble(wide_page)


def test_stepping_adds_up(wide_page: Page, explorer: Explorer) -> None:
    """Nine products of conv3, one at a time; the last sum is the channel's."""
    painted = panel(wide_page, "?layer=conv3&unit=42&row=5&column=11")
    readout, products = painted.locator(".readout"), painted.locator(".grids table").last.locator("td")
    shown = numbers(products)
    for number in range(1, 4):
        painted.get_by_role("button", name="Next product").click()
        expect(readout).to_contain_text(f"{number} of 9: ")
        assert read(readout.inner_text().split("far: ")[1]) == pytest.approx(sum(shown[:number]), abs=0.02)
        expect(painted.locator(".grids table").last.locator("td.later")).to_have_count(9 - number)
    painted.get_by_role("button", name="Show all").click()
    expect(readout).to_contain_text("add up to")
    sum_said = re.search(r"add up to (.*)\.$", readout.inner_text())
    assert sum_said
    assert read(sum_said[1]) == pytest.approx(sum(shown), abs=0.05)


def test_playing_runs_and_pauses(page: Page) -> None:
    painted = panel(page, "?layer=conv3&unit=42&row=5&column=11")
    painted.get_by_role("button", name="Play").click()
    expect(painted.locator(".readout")).to_contain_text(re.compile("[1-5] of 9: "))  # a busy machine misses some
    painted.get_by_role("button", name="Pause").click()
    expect(painted.get_by_role("button", name="Play")).to_be_visible()
    painted.get_by_role("button", name="Play").click()
    expect(painted.locator(".readout")).to_contain_text("The 9 products of", timeout=10_000)


def test_no_motion_where_none_is_wanted(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    painted = panel(page, "?layer=conv3")
    play, readout = painted.get_by_role("button", name="Play"), painted.locator(".readout")
    play.click()
    expect(readout).to_be_empty()
    play.click()  # from nothing to all at once
    expect(readout).to_contain_text("products of")


def test_button_leads_one_layer_down(page: Page, explorer: Explorer) -> None:
    step = window.convolution(explorer, explorer.run(sample_path("cat")), "conv3", 42, 5, 11)
    painted = panel(page, "?layer=conv3&unit=42&row=5&column=11")
    painted.get_by_role("button", name="Spell it out").click()
    expect(page.get_by_text(f"Place(layer='pool2', unit={step.channels[step.strongest[0]]},")).to_be_visible()
