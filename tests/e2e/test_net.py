"""The net as the map: each layer's facts, the traffic, and what becomes of the unit below when another layer opens."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.samples import sample_path
from app.text import table
from model.explorer import Explorer
from tests.e2e.actions import (
    atlas,
    expect_no_trouble,
    in_box,
    open_layer,
    open_page,
    point_at,
    select,
    settle,
    strongest_map,
)
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e

FACTS = {  # of the shipped model, by hand: the paper's widths, 20 classes
    "conv1": ("96 x 55²", "34.9k", "105M"),  # 96 x (11 x 11 x 3 + 1) = 34,944; 55² x 96 x 363 = 105,415,200
    "norm1": ("96 x 55²", "", ""),
    "pool1": ("96 x 27²", "", ""),
    "conv2": ("256 x 27²", "307k", "224M"),  # 256 x (5 x 5 x 48 + 1) = 307,456; 27² x 256 x 1200 = 223,948,800
    "norm2": ("256 x 27²", "", ""),
    "pool2": ("256 x 13²", "", ""),
    "conv3": ("384 x 13²", "885k", "150M"),  # 384 x (3 x 3 x 256 + 1) = 885,120; 13² x 384 x 2304 = 149,520,384
    "conv4": ("384 x 13²", "664k", "112M"),  # 384 x (3 x 3 x 192 + 1) = 663,936; 13² x 384 x 1728 = 112,140,288
    "conv5": ("256 x 13²", "443k", "74.8M"),  # 256 x (3 x 3 x 192 + 1) = 442,624; 13² x 256 x 1728 = 74,760,192
    "pool5": ("256 x 6²", "", ""),
    "fc6": ("4096", "37.8M", "37.7M"),  # 4096 x (256 x 6 x 6 + 1) = 37,752,832; 4096 x 9216 = 37,748,736
    "fc7": ("4096", "16.8M", "16.8M"),  # 4096 x (4096 + 1) = 16,781,312; 4096 x 4096 = 16,777,216
    "fc8": ("20", "81.9k", "81.9k"),  # 20 x (4096 + 1) = 81,940; 20 x 4096 = 81,920
    "prob": ("20", "", ""),
}
TRAFFIC = {  # bytes of float32, both ways together
    173056: 7.0,  # conv3: 256 maps x 13 x 13 x 4; the most, so the thickest
    36864: 2.67,  # fc6: 256 maps x 6 x 6 x 4; 1.5 + 5.5 x 36,864 / 173,056
    16384: 2.02,  # fc7: 4096 x 4
    8192: 1.76,  # fc8, which is on one GPU: the other's 2048 x 4
}


def test_facts_of_every_layer(wide_page: Page) -> None:
    open_page(wide_page, "")
    names = wide_page.locator(".net button.name").all_text_contents()
    assert names == list(FACTS)
    facts = wide_page.locator(".net .facts").all_text_contents()
    labels, image = facts[len(FACTS) :]
    assert labels == "shape\nparameters\nMACs\nms"
    assert image == "3 x 224²"
    for name, told in zip(names, facts, strict=False):
        *counts, milliseconds = told.split("\n")
        assert tuple(counts) == FACTS[name], name
        assert re.fullmatch(r"\d+\.\d\d", milliseconds), name
        assert float(milliseconds) > 0 or not FACTS[name][2], name
    expect(wide_page.get_by_text("the fastest of 8 passes over random noise")).to_be_visible()


def test_every_box_holds_what_its_layer_does(wide_page: Page) -> None:
    """The strongest map of each GPU's half, or all units of one value each; another picture's after another picture."""
    explorer = Explorer.open(MODEL, "cpu")
    for name in ("cat", "rocket"):
        open_page(wide_page, f"?sample={name}")
        seen = explorer.run(sample_path(name))
        for row in explorer.config.layers:
            for tower, values in enumerate(np.split(seen[row.name], row.towers)):
                shown = in_box(wide_page, row.name, tower)
                if row.size_px > 1:
                    assert np.abs(shown - strongest_map(values)).max() <= 1, row.name
                else:
                    units = np.clip(255 * values / values.max(), 0, None)
                    assert np.abs(shown.ravel()[: row.units // row.towers] - units).max() <= 1, row.name


def test_what_is_stale_is_pale(wide_page: Page) -> None:
    """Answers of the picture before, while those of the new one are on their way from the server."""
    held: list[tuple[WebSocketRoute, str | bytes]] = []
    is_slow = False

    def pass_on(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()

        def from_server(message: str | bytes) -> None:
            assert isinstance(message, bytes)
            if is_slow and (held or ForwardMsg.FromString(message).WhichOneof("type") == "delta"):
                held.append((page_side, message))
            else:
                page_side.send(message)

        page_side.on_message(server_side.send)
        server_side.on_message(from_server)

    wide_page.route_web_socket("**/_stcore/stream", pass_on)
    open_page(wide_page, "")
    answers = (".st-key-top5 .bars", ".net", ".atlas", ".window")
    opacity = """(shown) => {
      let all = 1;
      for (let one = shown; one; one = one.parentElement ?? one.getRootNode().host) all *= getComputedStyle(one).opacity;
      return all;
    }"""
    is_slow = True
    wide_page.locator('.st-key-upload input[type="file"]').set_input_files(sample_path("coffee"))
    expect(wide_page.locator("[data-stale=true]:has(.st-key-top5 .bars), .st-key-top5 [data-stale=true]")).to_have_css(
        "opacity", "0.33"
    )
    assert {wide_page.locator(shown).evaluate(opacity) for shown in answers} == {0.33}
    is_slow = False
    for page_side, message in held:
        page_side.send(message)
    expect(wide_page.get_by_text("The network sees")).to_contain_text("coffee")
    settle(wide_page)
    assert {wide_page.locator(shown).evaluate(opacity) for shown in answers} == {1}


def test_traffic_between_the_gpus(wide_page: Page) -> None:
    open_page(wide_page, "")
    expect(wide_page.locator(".net svg text")).to_have_text(["173 kB", "37 kB", "16 kB", "8 kB"])
    lines = wide_page.locator(".net").evaluate(
        """(net) => [...net.querySelectorAll("svg line")].map((line) => {
          const ends = ({ style }) => Math.abs(parseFloat(style.left) - line.getAttribute("x2")) < 0.01;
          const into = [...net.querySelectorAll(".box[data-layer]")].find(ends).dataset.layer;
          return [into, Number(line.dataset.traffic), Number(line.getAttribute("stroke-width"))];
        })"""
    )
    crossing = [(into, traffic, width) for into, traffic, width in lines if traffic]
    where = zip(("conv3", "fc6", "fc7", "fc8"), TRAFFIC, strict=True)
    assert [(into, traffic) for into, traffic, _ in crossing] == [pair for pair in where for _ in range(2)]
    for _, traffic, width in crossing:
        assert width == pytest.approx(TRAFFIC[traffic], abs=0.006)
    assert {width for _, traffic, width in lines if not traffic} == {1.5}


def strongest(layer: str) -> tuple[int, int]:
    """Number, from 1, and GPU of the unit that answers most to the first picture."""
    explorer = Explorer.open(MODEL, "cpu")
    maps, row = explorer.run(sample_path("cat"))[layer], explorer.config.layer[layer]
    unit = int(maps.reshape(row.units, -1).max(1).argmax())
    return unit + 1, 1 + int(unit >= row.tower_units(0).stop)


def expect_a_sign_of_more(page: Page) -> None:
    """Where the drawing is wider than its place, the edge fades beyond which it goes on."""
    room = page.locator(".scroll:has(.net)")
    goes_on = room.evaluate("(room) => room.scrollWidth > room.clientWidth")
    assert goes_on or (page.viewport_size and page.viewport_size["width"] > 400)
    expect(room).to_have_class("scroll more-right" if goes_on else "scroll")
    room.evaluate("(room) => (room.scrollLeft = room.scrollWidth)")
    expect(room).to_have_class("scroll more-left" if goes_on else "scroll")
    room.evaluate("(room) => (room.scrollLeft = 0)")


def test_a_layer_leaves_the_unit_below_and_says_so(page: Page, lang: str) -> None:
    words = table(lang)
    (before, gpu_before), (after, gpu_after) = strongest("conv1"), strongest("conv3")
    open_page(page, f"?lang={lang}")
    panel, other = page.locator(".st-key-unit_panel"), page.locator(".atlas .other")
    expect(panel).to_have_css("opacity", "1")
    expect(other).to_be_hidden()
    expect_a_sign_of_more(page)
    open_layer(page, "conv3")
    expect(panel).to_have_css("opacity", "0.3")
    old, new = (
        words["atlas_unit"].format(name=name, number=number, gpu=gpu)
        for name, number, gpu in (("conv1", before, gpu_before), ("conv3", after, gpu_after))
    )
    expect(other).to_contain_text(words["atlas_other"].format(unit=old))
    expect(other).to_be_visible()
    expect_no_trouble(page)
    other.get_by_role("button", name=words["atlas_other_show"].format(unit=new)).click()
    title = words["unit_title"].format(name="conv3", number=after, gpu=gpu_after)
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(other).to_be_hidden()
    expect(panel).to_have_css("opacity", "1")
    expect(atlas(page, "conv3").locator("canvas.maps").nth(gpu_after - 1)).to_be_focused()
    assert f"unit={after}" in page.url


def test_back_on_its_layer_nothing_is_left_to_say(wide_page: Page) -> None:
    open_page(wide_page, "?layer=fc8")
    other = wide_page.locator(".atlas .other")
    open_layer(wide_page, "fc7")
    best = Explorer.open(MODEL, "cpu").run(sample_path("cat")).top(1)[0].name
    expect(other).to_contain_text(f"Below is still fc8: {best}.")
    expect(other).to_be_visible()
    open_layer(wide_page, "fc8")
    expect(other).to_be_hidden()
    expect(wide_page.locator(".st-key-unit_panel")).to_have_css("opacity", "1")


def test_the_same_unit_can_be_chosen_again(wide_page: Page) -> None:
    """Also where the server has gone elsewhere meanwhile, by a button of its own."""
    open_page(wide_page, "?layer=conv2")
    first = atlas(wide_page, "conv2").locator("canvas.maps").first
    first.click(position={"x": 4, "y": 4})
    expect(wide_page.get_by_role("heading", name="conv2 unit 1 on GPU1")).to_be_visible()
    settle(wide_page)
    wide_page.get_by_role("button", name="Spell it out").first.click()
    atlas(wide_page, "pool1")
    settle(wide_page)
    open_layer(wide_page, "conv2").locator("canvas.maps").first.click(position={"x": 4, "y": 4})
    expect(wide_page.get_by_role("heading", name="conv2 unit 1 on GPU1")).to_be_visible()
    expect(wide_page.locator(".st-key-unit_panel")).to_have_css("opacity", "1")


def test_an_answer_does_not_take_back_a_newer_choice(wide_page: Page) -> None:
    """A layer that was opened before the server has answered; nor does another model close it."""
    open_page(wide_page, "")
    atlas(wide_page, "conv1").locator("canvas.maps").first.click(position={"x": 5, "y": 5})
    open_layer(wide_page, "conv5")
    settle(wide_page)
    atlas(wide_page, "conv5")
    expect(wide_page.get_by_role("heading", name="conv1 unit 1 on GPU1")).to_be_visible()
    select(wide_page, "Model", "imagenet20-mini")
    settle(wide_page)
    atlas(wide_page, "conv5")
    point_at(wide_page, "conv5", 7, 2, 2)
    wide_page.mouse.down()
    wide_page.mouse.up()
    expect(wide_page.get_by_role("heading", name="conv5 unit 8 on GPU1")).to_be_visible()


def test_a_click_sends_no_activations(wide_page: Page) -> None:
    """They come once, 1.26 MB and 12 bytes a unit; after that the browser has them."""
    sizes: list[int] = []
    wide_page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data))))
    open_page(wide_page, "?layer=conv3")
    assert max(sizes) > 1_259_760
    sizes.clear()
    wide_page.locator(".atlas .maps").first.click(position={"x": 40, "y": 40})
    expect(wide_page).to_have_url(re.compile(r"unit=\d+"))
    settle(wide_page)
    assert 0 < sum(sizes) < 200_000
