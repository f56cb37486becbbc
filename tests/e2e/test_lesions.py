"""Lesions: a click, a slider from 0 to 100 %, both answers side by side, the ways back."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.figures import probability_text
from app.samples import sample_path
from app.text import class_word, speaking, table
from app.view import Lesions
from model.explorer import Explorer
from tests.e2e.actions import atlas, in_box, open_layer, open_page, predictions, settle, slide, strongest_map, upload
from tests.test_shipped_model import MODEL

pytestmark = pytest.mark.e2e
HIGHS = """(name) => {
  const { layers, highs } = globalThis.alexnet.seen, { first, units } = layers.find((layer) => layer.name === name);
  return [...highs.subarray(first, first + units)];
}"""


def test_mute_gpu2(page: Page, lang: str) -> None:
    """From the first screen: one click; the intact prediction stays beside it; undo brings all back."""
    explorer, words = Explorer.open(MODEL, "cpu"), table(lang)
    open_page(page, f"?lang={lang}")
    intact = predictions(page)
    page.locator('.net [data-target="gpu2"]').click()
    muted, cut = (
        words["lesions_some"].format(what=words["lesions_item"].format(what=what, percent=100))
        for what in ("GPU2", words["lesions_cross_talk"])
    )
    expect(page.get_by_text(muted)).to_be_visible()
    settle(page)
    gains = Lesions({"gpu2": 1.0}).gains(explorer.config)
    wounded, whole = (explorer.run(sample_path("cat"), one).top(5) for one in (gains, {}))
    expect(page.get_by_text(words["top_caption_lesion"])).to_be_visible()
    shown = page.locator(".bars .name").all_text_contents()
    with speaking(lang):
        assert set(shown) == {class_word(one.name) for one in (*wounded, *whole)}
    maps = explorer.run(sample_path("cat"), gains)["conv4"]  # which read one GPU alone, and conv3, which reads both
    for tower, own in enumerate(np.split(maps, 2)):
        assert np.abs(in_box(page, "conv4", tower) - strongest_map(own)).max() <= 1
    assert maps[: len(maps) // 2].any()
    assert not maps[len(maps) // 2 :].any()
    for layer in ("conv3", "fc7"):  # what the atlas and the drawing are made of follows
        found = explorer.run(sample_path("cat"), gains)[layer]
        strongest = found.reshape(len(found), -1).max(1)
        assert not strongest[len(strongest) // 2 :].any()
        assert page.evaluate(HIGHS, layer) == pytest.approx(strongest.tolist(), rel=1e-4, abs=1e-5), layer
    page.get_by_role("button", name=words["undo"], exact=True).last.click()
    expect(page.get_by_text(muted)).to_have_count(0)
    settle(page)
    assert predictions(page) == intact
    page.locator('.net [data-target="cross_talk"]').click()
    expect(page.get_by_text(cut)).to_be_visible()
    page.get_by_role("button", name=words["lesions_reset"]).click()
    expect(page.get_by_text(cut)).to_have_count(0)
    page.get_by_role("button", name=words["undo_healing"]).click()
    expect(page.get_by_text(cut)).to_be_visible()


def test_what_is_pressed_while_a_picture_arrives_is_not_lost(wide_page: Page) -> None:
    """All is drawn anew beneath the pointer, but not what is held down before it is let go."""
    open_page(wide_page, "")
    net = wide_page.locator(".net")
    mute, canvas = net.locator('[data-target="gpu2"]'), atlas(wide_page).locator("canvas.maps").first
    for name, pressed in {"coffee": mute, "rocket": canvas}.items():
        before = net.get_attribute("data-painted")
        pressed.hover(position={"x": 4, "y": 4})
        wide_page.mouse.down()
        upload(wide_page, f"{name}.png", sample_path(name).read_bytes())
        expect(wide_page.get_by_text(f"{name}.png. The network sees")).to_be_visible()
        settle(wide_page)
        wide_page.mouse.up()
        expect(net).not_to_have_attribute("data-painted", before or "")
    expect(wide_page.get_by_text("Muted: GPU2 100 %.")).to_be_visible()
    expect(wide_page.get_by_role("heading", name="conv1 unit 1 on GPU1")).to_be_visible()


def test_mute_one_unit(wide_page: Page) -> None:
    open_page(wide_page, "?layer=conv5&unit=3")
    wide_page.get_by_role("button", name="Mute this unit").click()
    expect(wide_page.get_by_text("Muted: conv5 unit 3 100 %.")).to_be_visible()
    expect(wide_page.get_by_role("button", name="Heal this unit")).to_be_visible()
    settle(wide_page)
    wide_page.reload()
    settle(wide_page)
    expect(wide_page.get_by_text("Muted: conv5 unit 3 100 %.")).to_be_visible()
    slide(wide_page, "conv5 unit 3", {"PageDown": 6}, 40)
    slide(wide_page, "GPU2", {"PageUp": 3, "ArrowRight": 2}, 32)
    slide(wide_page, "units of conv1", {"PageUp": 2, "ArrowRight": 5}, 25)
    expect(wide_page.get_by_text("Muted: conv5 unit 3 40 %, GPU2 32 %, units of conv1 25 %.")).to_be_visible()
    wide_page.keyboard.press("Escape")
    settle(wide_page)
    explorer = Explorer.open(MODEL, "cpu")
    gains = Lesions({"conv5.3": 0.4, "gpu2": 0.32, "conv1": 0.25}).gains(explorer.config)
    best = explorer.run(sample_path("cat"), gains).top(1)[0]
    values = wide_page.locator(".bars .value").all_text_contents()
    assert any(value.endswith(f"now {probability_text(best.probability)}") for value in values)
    wide_page.get_by_role("button", name="Heal all").click()
    expect(wide_page.get_by_role("button", name="Undo healing")).to_be_visible()
    settle(wide_page)
    wide_page.locator('.net [data-target="cross_talk"]').click()  # what the folded sliders said does not come back
    expect(wide_page.get_by_text("Muted: cross-talk 100 %.", exact=True)).to_be_visible()


def test_the_unit_that_is_shown_at_first_is_muted(wide_page: Page) -> None:
    """Though it is the strongest no more it stays in sight, to be healed; muted with its GPU it is healed with that."""
    open_page(wide_page, "")
    open_layer(wide_page, "conv5")
    name = wide_page.locator(".atlas .card h4").inner_text()
    mute, heal = (wide_page.get_by_role("button", name=f"{what} this unit") for what in ("Mute", "Heal"))
    mute.click()
    expect(heal).to_be_visible()
    settle(wide_page)
    expect(wide_page.locator(".atlas .card h4")).to_have_text(name)
    expect(wide_page.get_by_text(f"Muted: {name.split(',')[0]} 100 %.")).to_be_visible()
    heal.click()
    expect(mute).to_be_visible()
    wide_page.locator(f'.net [data-target="gpu{name[-1]}"]').click()
    expect(mute).to_have_count(0)
    expect(heal).to_have_count(0)
