"""What axe-core finds on every page, in both themes and at both widths: nothing serious, Streamlit's own parts included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from app.lessons.every import LESSONS
from tests.e2e.actions import PAGES, expect_no_trouble, open_page, settle

pytestmark = pytest.mark.e2e
AXE = str(files("axe_playwright_python") / "axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGHTS = [
    "?layer=conv3&unit=3&tab=why&mute=gpu2-100",
    "?layer=conv5&tab=likes",
    "?layer=prob&tab=dream",
    "?present=1",
    "predict?ten=1&lang=zh",
    *(f"lessons?lesson={name}&step=3" for name in LESSONS),  # which has the steps before it above
]
Look = tuple[Literal["light", "dark"], int]
LOOKS: list[Look] = [("light", 1280), ("dark", 1280), ("dark", 400), ("light", 400)]
SEEN = [(path, LOOKS) for path in PAGES]  # and of the others each in one look
SEEN += [(path, [LOOKS[at % len(LOOKS)]]) for at, path in enumerate(SIGHTS)]


@contextmanager
def looking(
    browser: Browser, server: str, theme: Literal["light", "dark"] = "light", width: int = 1280
) -> Iterator[Page]:
    """A page with axe-core in it, which the pages' policy would not let in; fails on script errors."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, base_url=server, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.add_init_script(path=AXE)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    yield page
    context.close()
    assert trouble == []


def show_all(page: Page) -> None:
    """Make the window as high as the page, or it is chance what lies below the foot that stays in sight."""
    for _ in range(3):  # what is drawn to the window's height may grow with it
        height = page.get_by_test_id("stMain").evaluate("(main) => main.scrollHeight")
        if height <= page.evaluate("innerHeight"):
            break
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": height})
        settle(page)


def violations(page: Page) -> list[str]:
    """Those that stay; a button that is still being drawn has no name for a moment."""
    for _ in range(5):
        if not (found := violations_now(page)):
            break
        page.wait_for_timeout(1000)
    return found


def violations_now(page: Page) -> list[str]:
    """Serious and critical ones, a line each: rule, place, what to do."""
    found: list[dict[str, Any]] = page.evaluate(
        """(tags) => axe.run({ runOnly: tags, rules: { "target-size": { enabled: true } } })
        .then(({ violations }) => violations)""",
        RULES,
    )
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("path", "looks"), SEEN, ids=[path or "explore" for path, _ in SEEN])
def test_no_serious_violation(browser: Browser, server: str, path: str, looks: list[Look]) -> None:
    """One opening for all looks: the theme and the window change under it, as a person changes them."""
    with looking(browser, server, *looks[0]) as page:
        open_page(page, path)
        for box in page.locator("details summary").all():  # what is folded away counts too
            box.click()
        for theme, width in looks:
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            expect_no_trouble(page)
            show_all(page)
            assert violations(page) == [], (theme, width)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_help_and_webcam_too(browser: Browser, server: str, theme: Literal["light", "dark"]) -> None:
    with looking(browser, server, theme) as page:
        open_page(page, "")
        page.get_by_text("Webcam", exact=True).click()
        expect(page.locator(".webcam .says")).not_to_be_empty()
        page.get_by_role("button", name="Help: what the keys do").click()
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("title", ["Link", "Take away"])
def test_unfolded_panels_too(browser: Browser, server: str, title: str) -> None:
    with looking(browser, server) as page:
        open_page(page, "")
        page.get_by_test_id("stPopoverButton").filter(has_text=title).click()
        settle(page)
        assert violations(page) == []


def test_grad_cam_too(browser: Browser, server: str) -> None:
    with looking(browser, server) as page:
        open_page(page, "predict")
        page.get_by_text("Show Grad-CAM").click()
        expect(page.get_by_alt_text("Grad-CAM of")).to_be_visible(timeout=60_000)
        settle(page)
        assert violations(page) == []


def test_it_would_find_one(browser: Browser, server: str) -> None:
    """Inside a component too, where most of this program is drawn."""
    with looking(browser, server) as page:
        open_page(page, "")
        page.locator(".atlas .sort").evaluate("(button) => (button.textContent = '')")
        page.locator(".atlas .reads").evaluate("(words) => { words.textContent = 'pale'; words.style.color = '#ccc'; }")
        assert {line.split(":")[0] for line in violations_now(page)} == {"button-name", "color-contrast"}
