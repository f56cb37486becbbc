"""A telephone: 400 pixels and a finger. A tap says what hovering says, and chooses."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.text import table
from model.explorer import Explorer
from tests.e2e.actions import atlas, open_page, settle
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e
SMALLEST_PX = 24  # WCAG 2.2, 2.5.8


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 400, "height": 800}, base_url=server, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_tap_on_a_map_says_and_chooses(phone: Page, lang: str) -> None:
    words = table(lang)
    open_page(phone, f"?layer=conv5&lang={lang}")
    first = Explorer.open(MODEL, "cpu").config.layer["conv5"].tower_units(1).start + 1
    maps = atlas(phone, "conv5").locator("canvas.maps").nth(1)
    maps.scroll_into_view_if_needed()
    maps.tap(position={"x": 5, "y": 5})
    expect(phone.locator(".atlas .lines")).to_contain_text(
        words["atlas_unit"].format(name="conv5", number=first, gpu=2)
    )
    title = words["unit_title"].format(name="conv5", number=first, gpu=2)
    expect(phone.get_by_role("heading", name=title)).to_be_visible()


def test_tap_on_a_layer_and_on_the_photograph(phone: Page) -> None:
    open_page(phone, "?layer=conv3&unit=3")
    phone.locator(".picture .over").tap(position={"x": 60, "y": 60})
    settle(phone)
    assert "at=" in phone.url
    phone.locator('.net .box[data-layer="conv4"]').first.tap()
    atlas(phone, "conv4")


def test_tap_on_map_and_neighbours(phone: Page) -> None:
    open_page(phone, "neighbours")
    tile = phone.locator(".strip .sight").nth(1)
    label = tile.get_attribute("aria-label")
    tile.tap()
    expect(phone.locator(".query .back")).to_be_visible()
    assert label
    settle(phone)
    points = phone.locator(".map[data-painted]")
    points.scroll_into_view_if_needed()
    before = phone.url
    place = points.evaluate(
        "(root) => { for (let row = 0; ; row++) { const [x, y] = root.place(row); if (x > 20 && y > 20) return [row, x, y]; } }"
    )
    points.locator(".over").tap(position={"x": place[1], "y": place[2]})
    expect(points).not_to_have_attribute("data-hover", "")
    settle(phone)
    assert phone.url != before


def test_a_pinch_with_the_box_is_no_box(phone: Page) -> None:
    """It makes the map larger; nothing is selected, no point is asked about, and nothing goes wrong."""
    troubles: list[object] = []
    phone.on("pageerror", lambda trouble: troubles.append(trouble))
    open_page(phone, "neighbours")
    points = phone.locator(".map[data-painted]")
    points.get_by_role("button", name="Box").tap()
    over, before = points.locator(".over"), phone.url
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    far = "(root) => Math.hypot(root.place(0)[0] - root.place(9)[0], root.place(0)[1] - root.place(9)[1])"
    apart, touch = points.evaluate(far), phone.context.new_cdp_session(phone)

    def fingers(kind: str, *places: float) -> None:
        points = [{"x": middle + place, "y": height, "id": i} for i, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", -20)
    fingers("touchStart", -20, 20)
    for wide in (30, 45, 60):
        fingers("touchMove", -wide, wide)
    fingers("touchEnd", -60)
    fingers("touchMove", -70)
    fingers("touchEnd")
    settle(phone)
    assert points.evaluate(far) > 1.5 * apart
    assert phone.url == before
    expect(phone.locator(".selected")).to_have_count(0)
    assert troubles == []


def test_targets_are_large_enough(phone: Page) -> None:
    for path in ("", "kernels?lang=zh", "neighbours", "predict?lang=zh"):
        open_page(phone, path)
        small = phone.evaluate(
            """(least) => {
              const found = [], look = (root) => {
                for (const node of root.querySelectorAll("*")) {
                  if (node.shadowRoot) look(node.shadowRoot);
                  if (root === document || !node.matches("button, a, select, input, summary") || node.tabIndex < 0) continue;
                  const { width, height } = node.getBoundingClientRect();
                  if (width && (width < least || height < least)) found.push(`${node.className} ${width} x ${height}`);
                }
              };
              look(document);
              return [...new Set(found)].join("; ");
            }""",
            SMALLEST_PX,
        )
        assert small == "", path
