"""Lessons, languages and links, as a learner and a colleague meet them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.lessons.every import LESSONS
from app.samples import sample_path
from app.text import table
from tests.e2e.actions import expect_no_trouble, go_to, open_layer, open_page, settle, upload
from tests.e2e.conftest import _watched_page

LANGUAGES = ("en", "zh")
PHOTOGRAPH = sample_path("flower").read_bytes()


@pytest.fixture
def colleague(browser: Browser, server: str) -> Iterator[Page]:
    """Somebody else's browser."""
    yield from _watched_page(browser, server, 1280)


def link_of(page: Page, words: dict[str, str]) -> str:
    """The address that the link panel shows."""
    page.get_by_test_id("stPopoverButton").filter(has_text=words["link_title"]).click()
    field = page.get_by_label(words["link_label"])
    expect(field).to_be_visible()
    field.focus()
    address = field.input_value()
    page.keyboard.press("Escape")
    return address


@pytest.fixture
def narrow_page(browser: Browser, server: str) -> Iterator[Page]:
    """A telephone's width."""
    yield from _watched_page(browser, server, 400)


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_in_chinese(narrow_page: Page, name: str) -> None:
    """At its last step; in English they are among the sights of test_accessibility."""
    words = table("zh")
    open_page(narrow_page, f"lessons?lesson={name}&step=3&lang=zh")
    expect(narrow_page.get_by_role("heading", name=words[f"lesson_{name}_title"], exact=True)).to_be_visible()
    expect(narrow_page.get_by_text(words["lessons_unanswered"].split("{")[0])).to_be_visible(timeout=60_000)
    settle(narrow_page)
    expect_no_trouble(narrow_page)


def test_ask_try_see(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"lessons?lang={lang}")
    page.get_by_role("button", name=words["lesson_gpus_title"], exact=True).click()
    settle(page)
    page.get_by_text(words["lesson_gpus_option_2"], exact=True).click()
    settle(page)
    page.get_by_role("button", name=words["lessons_try"], exact=True).click()
    settle(page)
    expect(page.get_by_role("slider", name=words["lesions_cross_talk"]).first).to_be_visible()
    expect(page.get_by_text(words["lesson_gpus_see"])).to_have_count(0)
    page.get_by_role("button", name=words["lessons_see"], exact=True).click()
    settle(page)
    right = words["lessons_right"].format(right=words["lesson_gpus_option_2"])
    expect(page.get_by_text(right, exact=True)).to_be_visible()
    assert "lesson=gpus" in page.url
    assert "step=3" in page.url
    expect_no_trouble(page)


def test_the_switch_speaks_the_other_language_and_back(page: Page) -> None:
    open_page(page, "kernels?kernel=3")
    page.get_by_role("button", name="中文", exact=True).click()
    settle(page)
    expect(page.get_by_role("heading", name="第一层的卷积核")).to_be_visible()
    expect(page.get_by_role("heading", name="GPU1 上的 conv1 卷积核 3", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh"
    go_to(page, "近邻")
    expect(page.get_by_role("heading", name="特征空间中最近的图片")).to_be_visible()
    page.get_by_role("button", name="English", exact=True).click()
    settle(page)
    expect(page.get_by_role("heading", name="The nearest pictures in feature space")).to_be_visible()


def test_the_browsers_preference_comes_first(browser: Browser, server: str) -> None:
    for locale, title in (("zh-CN", "网络看到了什么"), ("fr-FR", "What the network sees")):
        context = browser.new_context(locale=locale, base_url=server)
        open_page(context.new_page(), "predict")
        expect(context.pages[0].get_by_role("heading", name=title)).to_be_visible()
        context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_colleagues_link_opens_the_same_view(wide_page: Page, colleague: Page, lang: str) -> None:
    words = table(lang)
    open_page(wide_page, f"?lang={lang}&sample=coffee")
    wide_page.locator(".net").get_by_role("button", name=words["net_mute"], exact=True).nth(1).click()
    settle(wide_page)
    open_layer(wide_page, "conv3")  # the browser alone knows of it
    address = link_of(wide_page, words)
    colleague.goto(address)
    settle(colleague)
    expect(colleague.locator('.atlas[data-layer="conv3"]')).to_be_visible()
    expect(colleague.locator(".net").get_by_role("button", name=words["net_muted"], exact=True)).to_have_count(1)
    expect(colleague.get_by_text(words["sample_coffee"]).first).to_be_visible()
    bars = [page.locator(".bars").first.inner_text() for page in (wide_page, colleague)]
    assert bars[0] == bars[1]


def test_an_upload_is_not_in_the_link_and_the_link_says_so(wide_page: Page, colleague: Page) -> None:
    words = table("en")
    open_page(wide_page, "")
    upload(wide_page, "holiday.png", PHOTOGRAPH)
    expect(wide_page.get_by_text("holiday.png. The network sees")).to_be_visible()
    address = link_of(wide_page, words)
    assert "picture=not-in-link" in address
    assert "holiday" not in address
    colleague.goto(address)
    settle(colleague)
    expect(colleague.get_by_text(words["picture_missing"])).to_be_visible()
    upload(colleague, "mine.png", PHOTOGRAPH)
    expect(colleague.get_by_text(words["picture_missing"])).to_have_count(0)


def test_walk_over_the_field_of_crops(page: Page, lang: str) -> None:
    open_page(page, f"lessons?lesson=augmentation&step=2&lang={lang}")
    canvas = page.locator(".field canvas")
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 8.5 / 9, "y": box["height"] * 0.5 / 9})
    settle(page)
    expect(page).to_have_url(re.compile("shift=-16~16"))
    canvas.focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("shift=-12~16"))
    settle(page)
    said = table(lang)["lesson_augmentation_told"].format(row=4, column=32, value="")
    expect(page.locator(".field .told")).to_contain_text(said)
    for key in ["ArrowDown"] * 7 + ["ArrowLeft"] * 8:  # answers to the first steps come between the later ones
        page.keyboard.press(key)
        page.wait_for_timeout(20)
    settle(page)
    expect(page).to_have_url(re.compile("shift=16~-16"))


def test_worked_out_as_typed(page: Page, lang: str) -> None:
    """conv1 of the shipped network: 96 kernels of 11 x 11 x 3 and 96 biases, 34,944."""
    words = table(lang)
    open_page(page, f"lessons?lesson=net&step=2&lang={lang}")
    page.get_by_label(re.compile(f"^{words['lesson_net_parameters']}")).first.press_sequentially("34944", delay=60)
    expect(page.get_by_text(f"{words['lesson_net_parameters']} {words['lesson_net_right']}")).to_be_visible()
    expect(page.get_by_text(words["lesson_net_done"].format(done=1, asked=13))).to_be_visible()


def test_the_quiz_keeps_score(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"lessons?lesson=figure3&step=2&lang={lang}")
    which = words["lesson_figure3_which"]
    runs = "|".join(re.escape(which.format(seed=seed, seeds=2, count=count)) for seed, count in ((1, 96), (2, 48)))
    expect(page.get_by_text(re.compile(runs))).to_be_visible()
    for asked in (1, 2, 3):
        page.get_by_role("button", name="GPU2", exact=True).click()
        scores = "|".join(words["lesson_figure3_score"].format(right=n, asked=asked) for n in range(asked + 1))
        expect(page.get_by_text(re.compile(scores))).to_be_visible()
        settle(page)


def test_claims_are_settled_one_by_one(wide_page: Page) -> None:
    open_page(wide_page, "lessons?lesson=wrong&step=2")
    wide_page.get_by_role("radio", name="False", exact=True).or_(
        wide_page.get_by_role("button", name="False", exact=True)
    ).first.click()
    expect(wide_page.get_by_text("34,944 in the paper's net")).to_be_visible()
    expect(wide_page.get_by_text("1 of 16 right.")).to_be_visible()
