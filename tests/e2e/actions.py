"""What a person does, in words that the tests share."""

from __future__ import annotations

import base64
import re

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Locator, Page, expect

PAGES = ("", "predict", "kernels", "neighbours", "lessons", "model")
ENDED_LATE = """
// Every component is called three times for once: what the first call returned is called after the last, as Streamlit may
// do; what the second returned never. Intervals of the components are counted.
const Plain = Blob, begin = "export default function", { setInterval, clearInterval } = globalThis;
globalThis.Blob = class extends Plain {
  constructor(parts, options) {
    const isModule = options?.type === "text/javascript" && String(parts[0]).includes(begin);
    const again = `\nexport default (given) => { const [first, , last] = [drawn(given), drawn(given), drawn(given)]; first?.(); return last; };`;
    super(isModule ? [parts[0].replace(begin, "const drawn = function") + again] : parts, options);
  }
};
globalThis.ticking = new Set();
globalThis.setInterval = (does, ms, ...rest) => {
  const timer = setInterval(does, ms, ...rest);
  if (ms === 500) globalThis.ticking.add(timer);
  return timer;
};
globalThis.clearInterval = (timer) => (globalThis.ticking.delete(timer), clearInterval(timer));
"""


def open_page(page: Page, path: str) -> None:
    """Go to an address and wait until all is drawn."""
    page.goto(f"/{path}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the server has nothing left to do, the browser neither, and the pictures are there."""
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]')
    page.wait_for_timeout(300)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.evaluate("() => new Promise((done) => requestIdleCallback(done, { timeout: 1000 }))")
    page.evaluate("() => scheduler.postTask(() => {}, { priority: 'background' })")  # a window may never be idle
    for _ in range(100):  # wait_for_function would need eval, which the pages' policy forbids
        if page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("a picture did not load")


def go_to(page: Page, title: str) -> None:
    """Choose a page in the navigation."""
    page.get_by_role("link", name=title, exact=True).click()
    settle(page)


def upload(page: Page, name: str, data: bytes) -> None:
    """Choose a photograph in the file box."""
    page.locator('.st-key-upload input[type="file"]').set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )
    page.wait_for_timeout(500)
    settle(page)


def hand_over(page: Page, event: str, name: str, data: bytes) -> None:
    """Drop a photograph in the middle of the page, or paste it."""
    page.get_by_test_id("stMain").evaluate(
        """(root, [event, data, name]) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)), files = new DataTransfer();
          files.items.add(new File([bytes], name, { type: "image/png" }));
          if (event === "paste") document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files }));
          else root.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        [event, base64.b64encode(data).decode(), name],
    )
    page.wait_for_timeout(500)
    settle(page)


def select(page: Page, label: str, option: str) -> None:
    """Choose from a box that unfolds; it folds again when the page scrolls."""
    box = page.get_by_role("combobox", name=label)
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box.click()
    page.get_by_role("option", name=option).click()


def slide(page: Page, name: str, keys: dict[str, int], percent: int) -> None:
    """Move a slider of the lesions by keys, from where it is to a percentage."""
    folded = page.get_by_test_id("stPopoverBody")
    if not folded.is_visible():
        page.get_by_test_id("stPopoverButton").filter(has_text=re.compile("Lesions|损毁实验")).click()
    slider = folded.get_by_role("slider", name=name)
    slider.focus()
    for key, times in keys.items():
        for _ in range(times):
            slider.press(key)
    expect(slider).to_have_value(str(percent))


def predictions(page: Page) -> list[str]:
    """The class names beside the top-5 bars, best first."""
    names = page.locator(".bars").first.locator(".name")
    expect(names).to_have_count(5)
    return names.all_text_contents()


def atlas(page: Page, layer: str = "") -> Locator:
    """The atlas, painted; of one layer, if named."""
    painted = page.locator(f'.atlas[data-layer="{layer}"]' if layer else ".atlas[data-painted]")
    expect(painted).to_be_visible()
    return painted


def open_layer(page: Page, layer: str) -> Locator:
    """Click a layer in the net; its atlas."""
    page.locator(f'.net .box[data-layer="{layer}"]').first.click()
    return atlas(page, layer)


def pixels_of(canvas: Locator) -> npt.NDArray[np.uint8]:
    """What a canvas shows, (height, width, 4). As text: a list of a million numbers takes ten seconds to come over."""
    width, data = canvas.evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), parts = [];
          for (let i = 0; i < data.length; i += 32768) parts.push(String.fromCharCode(...data.subarray(i, i + 32768)));
          return [canvas.width, btoa(parts.join(""))];
        }"""
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(-1, width, 4)


def in_box(page: Page, layer: str, tower: int) -> npt.NDArray[np.uint8]:
    """The greys of what a layer's box in the net shows of a GPU."""
    pixels = pixels_of(page.locator(f'.net .box[data-layer="{layer}"] canvas').nth(tower))
    assert (pixels == pixels[..., :1])[..., :3].all()
    return pixels[..., 0]


def strongest_map(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The map with the largest value of all, none below zero, as greys 0..255 of that."""
    found = maps[int(maps.max((1, 2)).argmax())].astype(np.float64)
    greys: npt.NDArray[np.float64] = 255 * found / (found.max() or 1)
    return greys


def point_at(page: Page, layer: str, unit: int, row: int, column: int) -> Locator:
    """Move the pointer to one value of an open layer's maps; the canvas that it is on."""
    found = atlas(page, layer)
    place = found.evaluate(
        """(root, [unit, row, column]) => {
          const layer = globalThis.alexnet.seen.layers.find(({ name }) => name === root.dataset.layer);
          const share = layer.units / layer.towers, tower = Math.floor(unit / share);
          const canvas = root.querySelectorAll("canvas.maps")[tower];
          canvas.scrollIntoView({ block: "center" });
          const columns = Number(canvas.dataset.columns), cell = canvas.width / columns;
          const i = JSON.parse(canvas.dataset.order).indexOf(unit), box = canvas.getBoundingClientRect();
          const scale = box.width / canvas.width, block = Math.floor(cell / layer.size);
          return [tower, box.left + scale * ((i % columns) * cell + (column + 0.5) * block),
            box.top + scale * (Math.floor(i / columns) * cell + (row + 0.5) * block)];
        }""",
        [unit, row, column],
    )
    page.mouse.move(place[1], place[2])
    return found.locator("canvas.maps").nth(place[0])


def expect_no_trouble(page: Page) -> None:
    """No exception, no error, nothing wider than the window."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(re.compile("Traceback"))).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
