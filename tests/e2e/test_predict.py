"""The Predict page as a person uses it, with two models: the one that it opens on and a toy of other classes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.figures import probability_text
from app.samples import sample_path
from model.colours import colour_components
from model.explorer import Explorer
from model.preprocess import View
from tests.e2e.actions import expect_no_trouble, go_to, open_page, select, settle
from tests.e2e.conftest import serving
from tests.test_shipped_model import OF_200
from tests.toys import write_toy

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another network, where models are that somebody brought in."""
    path = tmp_path_factory.mktemp("predict") / "models" / "toy" / "model.onnx"
    path.parent.mkdir(parents=True)
    write_toy(path, seed=1)
    return path


@pytest.fixture(scope="module")
def server(toy: Path) -> Iterator[str]:
    """Address of an explorer with both."""
    with serving("app/main.py", toy.parents[2]) as address:
        yield address


def numbers(page: Page, chart: int = 0) -> Locator:
    """What stands behind the bars of a chart."""
    return page.locator(".bars").nth(chart).locator(".value")


def expect_numbers(page: Page, expected: list[str], chart: int = 0) -> None:
    expect(numbers(page, chart)).to_have_text(expected, timeout=20_000)


def network(view: View) -> list[str]:
    best = Explorer.open(OF_200, "cpu").run(sample_path("cat"), None, view).top(5)
    return [probability_text(one.probability) for one in best]


def test_sliders_change_the_probabilities(page: Page) -> None:
    open_page(page, "predict")
    expect_numbers(page, network(View()))
    page.get_by_text("Mirror the picture").click()
    settle(page)
    expect_numbers(page, network(View(mirror=True)))
    down = page.get_by_role("slider", name="Move the crop down")
    for _ in range(3):
        down.press("ArrowLeft")
    settle(page)
    expect(page.get_by_text(re.compile(r"unedited, .* now\."))).to_be_visible()
    expect_numbers(page, network(View(row=13, mirror=True)))
    page.get_by_role("slider", name="Move the crop to the right").press("ArrowRight")
    page.get_by_role("slider", name="Alpha of component 1").press("End")
    expect(page.get_by_text("Added to every pixel, in grey levels")).to_be_visible()
    settle(page)
    info = Explorer.open(OF_200, "cpu").info
    assert info.covariance is not None
    shift = 0.3 * colour_components(info.covariance, "stdev")[0]
    colour = (float(shift[0]), float(shift[1]), float(shift[2]))
    expect_numbers(page, network(View(row=13, column=17, mirror=True, colour=colour)))
    page.get_by_role("button", name="Back to the unedited picture").click()
    settle(page)
    expect_numbers(page, network(View()))
    expect_no_trouble(page)


def test_painting_changes_the_probabilities(wide_page: Page) -> None:
    open_page(wide_page, "predict")
    expect_numbers(wide_page, network(View()))
    wide_page.get_by_role("button", name="Paint", exact=True).click()
    canvas = wide_page.locator(".frame .over")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    wide_page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.4 * box["height"])
    wide_page.mouse.down()
    wide_page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.4 * box["height"], steps=8)
    wide_page.mouse.up()
    expect(wide_page.get_by_text(re.compile(r"unedited, .* now\."))).to_be_visible()
    settle(wide_page)
    assert numbers(wide_page).all_text_contents() != network(View())
    wide_page.get_by_role("button", name="Clear").click()
    expect(wide_page.get_by_text(re.compile(r"unedited, .* now\."))).to_have_count(0)
    settle(wide_page)
    expect_numbers(wide_page, network(View()))
    expect_no_trouble(wide_page)


def stroke(page: Page, height: float) -> None:
    """Paint a line across the photograph."""
    box = page.locator(".frame .over").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + height * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + height * box["height"], steps=4)
    page.mouse.up()


LATE = """
const add = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (kind, hear, ...rest) {
  return add.call(this, kind, kind === "message" ? (event) => setTimeout(hear, 1000, event) : hear, ...rest);
};
"""


def test_quick_strokes_all_stay(wide_page: Page) -> None:
    """An answer to the first strokes, which comes a second late and between later ones, takes nothing back."""
    wide_page.add_init_script(LATE)
    open_page(wide_page, "predict")
    wide_page.get_by_role("button", name="Paint", exact=True).click()
    canvas, heights = wide_page.locator(".frame .over"), [0.1, 0.3, 0.5, 0.7, 0.9]
    canvas.scroll_into_view_if_needed()
    for height in heights:
        stroke(wide_page, height)
        wide_page.wait_for_timeout(300)  # a stroke that is under way would be spared
    wide_page.wait_for_timeout(1000)
    settle(wide_page)
    painted = """(canvas, heights) => heights.map((height) =>
      canvas.getContext("2d").getImageData(canvas.width / 2, height * canvas.height, 1, 1).data[3])"""
    assert all(canvas.evaluate(painted, heights))


def test_what_was_cleared_comes_back(wide_page: Page) -> None:
    """Clear is undone like a stroke; strokes on another picture are not."""
    page = wide_page
    open_page(page, "predict")
    page.get_by_role("button", name="Paint", exact=True).click()
    undo, edited = page.locator(".picture .undo-paint"), page.get_by_text(re.compile(r"unedited, .* now\."))
    expect(undo).to_be_disabled()
    page.locator(".frame .over").scroll_into_view_if_needed()
    stroke(page, 0.4)
    expect(edited).to_be_visible()
    settle(page)
    painted = numbers(page).all_text_contents()
    page.get_by_role("button", name="Clear").click()
    expect(edited).to_have_count(0)
    undo.click()
    expect_numbers(page, painted)
    undo.click()
    expect_numbers(page, network(View()))
    expect(undo).to_be_disabled()
    stroke(page, 0.6)
    expect(edited).to_be_visible()
    page.get_by_text("Sample", exact=True).click()
    page.get_by_text("Rocket", exact=True).click()
    expect(page.get_by_text("Rocket. The network sees")).to_be_visible()
    settle(page)
    expect(undo).to_be_disabled()
    expect_no_trouble(page)


def guesses(count: int) -> list[str]:
    """The most probable classes of the sample, best first."""
    return [one.name for one in Explorer.open(OF_200, "cpu").run(sample_path("cat")).top(count)]


def test_occlusion_with_progress_and_cancel(wide_page: Page) -> None:
    open_page(wide_page, "predict")
    best, second = guesses(2)
    select(wide_page, "Step", "8 px")
    expect(wide_page.get_by_text("Hides 625 places")).to_be_visible()
    wide_page.get_by_role("button", name="Compute the occlusion map").click()
    expect(wide_page.get_by_text(re.compile(r"[1-9]\d* of 625 places, \d+ s left"))).to_be_visible()
    wide_page.get_by_role("button", name="Cancel", exact=True).click()
    expect(wide_page.get_by_role("button", name="Compute the occlusion map")).to_be_visible()
    expect(wide_page.get_by_alt_text("Occlusion map of")).to_have_count(0)
    select(wide_page, "Step", "16 px")
    wide_page.get_by_role("button", name="Compute the occlusion map").click()
    expect(wide_page.get_by_text(re.compile(r"\d+ of 169 places"))).to_be_visible()
    go_to(wide_page, "Kernels")  # it goes on meanwhile
    go_to(wide_page, "Predict")
    picture = wide_page.get_by_alt_text(f"Occlusion map of {best} over the crop")
    expect(picture).to_be_visible(timeout=60_000)
    wide_page.get_by_role("radio", name=second).click()
    expect(wide_page.get_by_alt_text(f"Occlusion map of {second} over the crop")).to_be_visible()
    wide_page.get_by_text("Mirror the picture").click()
    expect(wide_page.locator(".st-key-occlusion_stale")).to_have_css("opacity", "0.4")
    settle(wide_page)
    expect_no_trouble(wide_page)


def test_grad_cam(wide_page: Page) -> None:
    open_page(wide_page, "predict")
    best, second = guesses(2)
    wide_page.get_by_text("Show Grad-CAM").click()
    picture = wide_page.get_by_alt_text(f"Grad-CAM of {best} over the crop")
    expect(picture).to_be_visible(timeout=60_000)
    wide_page.get_by_role("radio", name=second).click()
    expect(wide_page.get_by_alt_text(f"Grad-CAM of {second} over the crop")).to_be_visible()
    settle(wide_page)
    expect_no_trouble(wide_page)


def test_ten_crops(page: Page) -> None:
    open_page(page, "predict")
    page.get_by_text("Look at ten crops").click()
    expect(page.get_by_role("img", name=re.compile("^Crop: "))).to_have_count(10)
    settle(page)
    ten = Explorer.open(OF_200, "cpu").run_ten_crops(sample_path("cat"))
    expect_numbers(page, [probability_text(one.probability) for one in ten.top(5)], chart=1)
    expect_no_trouble(page)


def test_two_models(wide_page: Page, toy: Path) -> None:
    """Each column says what its own model says."""
    open_page(wide_page, "predict")
    select(wide_page, "The other model", "toy")
    expect(wide_page.get_by_text("Forward pass")).to_have_count(2)
    settle(wide_page)
    for chart, path in ((1, OF_200), (2, toy)):
        best = Explorer.open(path, "cpu").run(sample_path("cat")).top(5)
        expect_numbers(wide_page, [probability_text(one.probability) for one in best], chart)
        expect(wide_page.locator(".bars").nth(chart).locator(".name")).to_have_text([one.name for one in best])
        expect(wide_page.locator(f".st-key-beside_{path.parent.name} .bars")).to_have_count(1)
    assert "beside=toy" in wide_page.url
    wide_page.reload()
    settle(wide_page)
    expect(wide_page.get_by_text("Forward pass")).to_have_count(2)
    expect_no_trouble(wide_page)


def test_an_unedited_picture_has_its_bars_once(wide_page: Page) -> None:
    open_page(wide_page, "predict")
    expect(wide_page.locator(".bars")).to_have_count(1)
