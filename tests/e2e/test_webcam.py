"""The webcam as a source that stays on: each key press brings what it sees now."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.text import table
from tests.e2e.actions import ENDED_LATE, expect_no_trouble, open_page, predictions, settle
from tests.e2e.conftest import CHROMIUM, FLAGS

pytestmark = pytest.mark.e2e
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a moving picture, and no question


@pytest.fixture
def filmed(server: str, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page of a browser with a camera."""
    with_camera = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE])
    page = with_camera.new_context(base_url=server, viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    yield page
    with_camera.close()


def choose_webcam(page: Page, lang: str = "en") -> None:
    page.get_by_text(table(lang)["source_webcam"], exact=True).click()


def painted(page: Page) -> str:
    return page.locator(".picture[data-painted]").get_attribute("data-painted") or ""


@pytest.mark.parametrize("key", ["Space", "c"])
def test_each_key_press_brings_a_picture(filmed: Page, key: str) -> None:
    if key == "c":
        filmed.add_init_script(ENDED_LATE)  # new data silences no key
    open_page(filmed, "")
    choose_webcam(filmed)
    expect(filmed.locator(".webcam[data-on]")).to_be_visible()
    seen = [painted(filmed)]
    for _ in range(2):
        filmed.wait_for_timeout(400)
        filmed.keyboard.press(key)
        expect(filmed.locator(".picture")).not_to_have_attribute("data-painted", seen[-1])
        settle(filmed)
        seen.append(painted(filmed))
        expect(filmed.get_by_text("Webcam. The network sees")).to_be_visible()
        expect(filmed.locator(".webcam[data-on]")).to_be_visible()  # the stream stays on
    assert len(set(seen)) == 3
    assert len(predictions(filmed)) == 5
    expect_no_trouble(filmed)


def test_the_button_takes_one_and_another_source_ends_it(filmed: Page) -> None:
    open_page(filmed, "predict")
    choose_webcam(filmed)
    before = painted(filmed)
    filmed.get_by_role("button", name="Take the picture").click()
    expect(filmed.locator(".picture")).not_to_have_attribute("data-painted", before)
    stream = filmed.locator(".webcam video").evaluate_handle("(video) => video.srcObject.getTracks()[0]")
    filmed.get_by_text("Upload", exact=True).click()
    expect(filmed.locator(".webcam")).to_have_count(0)
    filmed.wait_for_timeout(200)
    assert stream.evaluate("(track) => track.readyState") == "ended"


@pytest.mark.parametrize(
    ("devices", "says", "lang"),
    [
        ("undefined", "insecure", "zh"),
        ("{ getUserMedia: () => Promise.reject(new DOMException('', 'NotAllowedError')) }", "refused", "en"),
        ("{ getUserMedia: () => Promise.reject(new DOMException('', 'NotFoundError')) }", "none", "zh"),
        ("{ getUserMedia: () => Promise.reject(new DOMException('', 'NotReadableError')) }", "busy", "en"),
        ("{ getUserMedia: () => Promise.reject(new TypeError()) }", "failed", "zh"),
    ],
)
def test_no_picture_is_a_sentence(wide_page: Page, devices: str, says: str, lang: str) -> None:
    words = table(lang)
    wide_page.add_init_script(f"Object.defineProperty(navigator, 'mediaDevices', {{ value: {devices} }})")
    open_page(wide_page, f"?lang={lang}")
    choose_webcam(wide_page, lang)
    expect(wide_page.locator(".webcam .says")).to_have_text(words[f"webcam_{says}"])
    expect(wide_page.get_by_role("button", name=words["webcam_take"])).to_be_disabled()
    wide_page.keyboard.press("c")
    kept = words["picture_caption"].format(name=words["sample_cat"], crop=224)
    expect(wide_page.get_by_text(kept, exact=True)).to_be_visible()
    expect_no_trouble(wide_page)
