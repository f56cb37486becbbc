"""Figure 3 as a person meets it: sorted, chosen, played back, and before gratings."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.text import table
from model import gabors, history
from model.explorer import Explorer
from model.kernels import colour_selectivity
from tests.app.test_kernels_page import two_pictures, write_history
from tests.e2e.actions import atlas, expect_no_trouble, open_page, settle
from tests.e2e.conftest import _watched_page, serving
from tests.test_shipped_model import MODEL
from tests.toys import write_toy

pytestmark = pytest.mark.e2e


def order(canvas: Locator) -> list[int]:
    return [int(number) for number in (canvas.get_attribute("data-order") or "").split()]


def test_sorting_orders_each_gpu_by_itself(wide_page: Page) -> None:
    open_page(wide_page, "kernels")
    explorer = Explorer.open(MODEL, "cpu")
    layer, shares = explorer.config.layer["conv1"], colour_selectivity(explorer.weights["conv1.weight"])
    canvases = atlas(wide_page).locator("canvas")
    assert order(canvases.first) == list(range(1, layer.tower_units(0).stop + 1))
    fits = gabors.of(MODEL, explorer.weights["conv1.weight"])
    last = 1e9  # those of which the quantity says little
    ranks = {
        "kernels_colour": shares.tolist(),
        "kernels_orientation": [round(fit.orientation) % 180 + last * (not fit.has_orientation) for fit in fits],
        "kernels_frequency": [fit.frequency + last * (not fit.has_frequency) for fit in fits],
        "kernels_r2": [-fit.r2 + last * (not fit.is_good) for fit in fits],
    }
    for key, rank in ranks.items():
        wide_page.get_by_label("Sort by").select_option(label=table("en")[key])
        for tower in (0, 1):
            units = range(layer.units)[layer.tower_units(tower)]
            assert order(canvases.nth(tower)) == [unit + 1 for unit in sorted(units, key=rank.__getitem__)], key
    expect_no_trouble(wide_page)


def test_click_and_keys_follow_the_sorted_order(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"kernels?lang={lang}")
    page.get_by_label(words["kernels_sort"]).select_option(label=words["kernels_colour"])
    gpu2 = atlas(page).locator("canvas").nth(1)
    found = order(gpu2)
    titles = [words["kernel_title"].format(number=number, gpu=2) for number in found]
    gpu2.click(position={"x": 8, "y": 8})
    expect(page.get_by_role("heading", name=titles[0])).to_be_visible()
    gpu2.press("ArrowRight")
    expect(page.get_by_role("heading", name=titles[1])).to_be_visible()
    settle(page)
    assert order(gpu2) == found  # the server's answer keeps the order
    gpu2.press("ArrowLeft")
    expect(page.get_by_role("heading", name=titles[0])).to_be_visible()
    page.get_by_role("slider", name=words["kernel_mute"].format(number=found[0])).press("End")
    kernel = words["lesions_unit"].format(name="conv1", number=found[0])
    muted = words["lesions_item"].format(what=kernel, percent=100)
    expect(page.get_by_text(words["lesions_some"].format(what=muted))).to_be_visible()
    expect_no_trouble(page)


def test_a_late_answer_takes_nothing_back(page: Page, lang: str) -> None:
    """The server answers with a choice when another one has been made meanwhile."""
    words = table(lang)
    open_page(page, f"kernels?lang={lang}")
    canvas, box = atlas(page).locator("canvas").first, page.get_by_label(words["kernels_sort"])
    canvas.evaluate(
        """(canvas) => {
          globalThis.orders = [];
          const note = () => globalThis.orders.at(-1) !== canvas.dataset.order && globalThis.orders.push(canvas.dataset.order);
          new MutationObserver(note).observe(canvas, { attributeFilter: ["data-order"] });
        }"""
    )
    keys = ("kernels_colour", "kernels_orientation", "kernels_frequency", "kernels_r2") * 3
    for key in keys:
        box.select_option(label=words[key])
        page.wait_for_timeout(30)
    settle(page)
    assert len(page.evaluate("globalThis.orders")) == len(keys)


def test_pointer_tells_the_numbers(page: Page, lang: str) -> None:
    open_page(page, f"kernels?lang={lang}")
    canvas = atlas(page).locator("canvas").first
    canvas.hover(position={"x": 8, "y": 8})
    said = table(lang)["kernels_tip"].split("{orientation}")[0].format(number=1, colour="@")
    expect(atlas(page).locator(".tip")).to_contain_text(re.compile(re.escape(said).replace("@", r"\.\d\d")))
    expect(atlas(page).locator(".tip")).to_contain_text(re.compile(r"R² (\.\d\d|1\.00)$"))


@pytest.fixture(params=[1280, 400], ids=["wide", "narrow"])
def told(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page Kernels of a toy model whose history has answers to two pictures."""
    write_toy(tmp_path / "model.onnx")
    write_history(tmp_path, pictures=two_pictures())
    with serving("app/main.py", tmp_path, tmp_path / "model.onnx") as address:
        for page in _watched_page(browser, address, request.param):
            open_page(page, "kernels")
            yield page


def corner(page: Page) -> list[int]:
    """The colour of the first kernel's first pixel."""
    found: list[int] = (
        atlas(page)
        .locator("canvas")
        .first.evaluate("(canvas) => [...canvas.getContext('2d').getImageData(8, 8, 1, 1).data]")
    )
    return found


def test_kernels_answers_and_map_move_together(told: Page) -> None:
    found, slider, story = atlas(told), told.get_by_label("Moment of the training"), told.locator(".story")
    expect(slider).to_have_value("1")
    expect(story.get_by_text("Epoch 3: validation error 40.0 %, top-5 10.0 %")).to_be_visible()
    expect(story.get_by_text("Of 2 pictures 1 are right at the first guess, 2 among the first five.")).to_be_visible()
    expect(story.get_by_text("class 1, validation picture 11")).to_be_visible()
    assert story.locator(".name").all_text_contents()[:2] == ["✓ class 1", "class 0"]
    assert story.locator(".track b").all_text_contents() == [".13"] * 5
    finished = corner(told)
    slider.fill("0")
    expect(story.get_by_text("Before the training: random numbers")).to_be_visible()
    expect(found).to_have_attribute("data-moment", "0")
    assert corner(told) == [0, 0, 0, 255] != finished  # the history's kernels are black
    expect(story.get_by_text("Of 2 pictures 0 are right at the first guess, 1 among the first five.")).to_be_visible()
    assert story.locator(".name").all_text_contents()[:2] == ["class 0", "✓ class 1"]
    map_of_pictures = told.get_by_label("Validation pictures by their fc7")
    map_of_pictures.press("ArrowRight")
    expect(story.get_by_text("class 2, validation picture 21")).to_be_visible()
    box = map_of_pictures.bounding_box()
    assert box
    map_of_pictures.click(position={"x": box["width"] / 2 - 0.6 * (box["width"] / 2 - 14), "y": box["height"] / 2})
    expect(story.get_by_text("class 1, validation picture 11")).to_be_visible()
    found.locator("canvas").first.press("ArrowRight")  # the server's answer leaves the moment as it is
    expect(told.get_by_role("heading", name="conv1 kernel 2 on GPU1")).to_be_visible()
    expect(slider).to_have_value("0")
    assert corner(told) == [0, 0, 0, 255]
    told.get_by_role("button", name="Play", exact=True).click()
    expect(slider).to_have_value("1")
    assert corner(told) == finished
    expect(told.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect_no_trouble(told)


def test_training_plays(wide_page: Page) -> None:
    """The shipped model's: what there is of it."""
    open_page(wide_page, "kernels")
    moments = len(history.read(MODEL.parent / "history.npz").epochs)
    slider = wide_page.get_by_label("Moment of the training")
    slider.fill("0")
    wide_page.get_by_role("button", name="Play", exact=True).click()
    expect(slider).not_to_have_value("0")
    wide_page.get_by_role("button", name="Pause").click()
    stopped = slider.input_value()
    wide_page.wait_for_timeout(500)
    assert slider.input_value() == stopped
    wide_page.get_by_role("button", name="Play", exact=True).click()
    expect(slider).to_have_value(str(moments - 1), timeout=30_000)
    expect(atlas(wide_page)).to_have_attribute("data-moment", str(moments - 1))
    expect_no_trouble(wide_page)


def test_bench(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"kernels?lang={lang}")
    expect(page.get_by_alt_text(words["bench_alt"].format(orientation=45, frequency=0.1))).to_be_visible()
    page.get_by_role("slider", name=words["bench_orientation"]).press("ArrowRight")
    settle(page)
    expect(page.get_by_alt_text(words["bench_alt"].format(orientation=50, frequency=0.1))).to_be_visible()
    page.get_by_text(words["bench_blue_yellow"], exact=True).click()
    settle(page)
    expect(page.get_by_text(words["bench_all"], exact=True)).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(8)
    expect_no_trouble(page)


def click_bar(page: Page, chart: Locator, bar: int) -> None:
    """Click into a bar of a Plotly chart, near its foot: short ones have little else."""
    chart.scroll_into_view_if_needed()
    settle(page)
    box = chart.locator(".bars .point path").nth(bar).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    page.mouse.down()
    page.mouse.up()
    settle(page)


def test_a_bar_of_the_bench_chooses_its_kernel(wide_page: Page) -> None:
    open_page(wide_page, "kernels")
    layer = Explorer.open(MODEL, "cpu").config.layer["conv1"]
    answers = wide_page.locator("[class*='st-key-kernel_bench_answers']")
    for kernel in (5, layer.tower_units(1).start + 3):
        number = drawn(answers, kernel)
        click_bar(wide_page, answers, number)
        gpu = 1 + (number >= layer.tower_units(1).start)
        expect(wide_page.get_by_role("heading", name=f"conv1 kernel {number + 1} on GPU{gpu}")).to_be_visible()
        expect(wide_page.get_by_text(f"Kernel {number + 1}'s tuning curve")).to_be_visible()
    rows = wide_page.locator("[class*='st-key-kernel_bench_all_1']")
    name = rows.locator(".ytick text").nth(-3).text_content()  # Plotly writes them from below
    click_bar(wide_page, rows, 2)
    expect(wide_page.get_by_role("heading", name=f"conv1 kernel {name} on GPU2")).to_be_visible()
    expect_no_trouble(wide_page)


def drawn(chart: Locator, kernel: int) -> int:
    """The first kernel from there on whose bar has a height."""
    bars = chart.locator(".bars .point path")
    heights = [float((bar.bounding_box() or {"height": 0})["height"]) for bar in bars.all()]
    return next(i for i in range(kernel, len(heights)) if heights[i] > 4)


def test_a_bar_of_a_histogram_rings_its_kernels(wide_page: Page) -> None:
    open_page(wide_page, "kernels")
    explorer = Explorer.open(MODEL, "cpu")
    layer, shares = explorer.config.layer["conv1"], colour_selectivity(explorer.weights["conv1.weight"])
    first = np.arange(layer.units)[layer.tower_units(0)]
    counts = np.histogram(shares[first], np.linspace(0, 1, 11))[0]
    bar = int(counts.argmax())
    inside = [int(unit) + 1 for unit in first if bar / 10 <= shares[unit] < (bar + 1) / 10]
    chart = wide_page.locator("[class*='st-key-kernel_selectivity']")
    click_bar(wide_page, chart, bar)
    numbers = ", ".join(map(str, inside))
    expect(wide_page.get_by_text(f"Ringed, {len(inside)}: {numbers}.")).to_be_visible()
    expect(atlas(wide_page)).to_have_attribute("data-marked", numbers.replace(",", ""))
    click_bar(wide_page, chart, bar)
    expect(wide_page.get_by_text("Ringed, ")).to_have_count(0)
    expect_no_trouble(wide_page)
