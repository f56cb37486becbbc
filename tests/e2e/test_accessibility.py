"""What axe-core finds on every page, in both themes and at both widths: nothing serious."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.actions import PAGES, open_page, settle

pytestmark = pytest.mark.e2e
AXE = str(files("axe_playwright_python") / "axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What Streamlit itself draws and gives no way to change: (rule, selector, why).
STREAMLITS_OWN: tuple[tuple[str, str, str], ...] = ()
SIGHTS = [
    *PAGES,
    "?layer=conv3&unit=3&tab=why&mute=gpu2-100",
    "?layer=fc7&tab=likes",
    "?layer=prob&tab=dream",
    "?present=1",
]


@contextmanager
def looking(browser: Browser, server: str, theme: Literal["light", "dark"], width: int) -> Iterator[Page]:
    """A page with axe-core in it; the pages' policy would not let it in."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, base_url=server, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.add_init_script(path=AXE)
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    """Serious and critical ones, a line each."""
    found: list[dict[str, Any]] = page.evaluate(
        """(tags) => axe.run({ runOnly: tags, rules: { "target-size": { enabled: true } } })
        .then(({ violations }) => violations)""",
        RULES,
    )
    lines = []
    for one in found:
        for node in one["nodes"]:
            where = " ".join(str(part) for part in node["target"])
            own = any(one["id"] == rule and selector in node["html"] + where for rule, selector, _ in STREAMLITS_OWN)
            if one["impact"] in ("serious", "critical") and not own:
                lines.append(
                    f"{one['id']} ({one['impact']}): {where} {node['html'][:160]} {node['failureSummary'][:300]}"
                )
    return lines


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 400)])
@pytest.mark.parametrize("path", SIGHTS)
def test_no_serious_violation(
    browser: Browser, server: str, path: str, theme: Literal["light", "dark"], width: int
) -> None:
    with looking(browser, server, theme, width) as page:
        open_page(page, path)
        for box in page.locator("details summary").all():  # what is folded away counts too
            box.click()
        settle(page)
        assert violations(page) == []
