"""A unit answers "why": gradients from the worker, the gallery's pictures, activation maximisation with cancel."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.samples import sample_path
from app.text import table
from model.explorer import Explorer
from model.gradients import Gradients
from tests.e2e.actions import expect_no_trouble, open_page, settle
from tests.test_shipped_model import MODEL

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SLOW_MS = 90_000  # the worker's first answer waits for torch, on a busy machine


def tab(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()
    settle(page)


def pixels(page: Page, alt: str, height: int) -> npt.NDArray[np.float64]:
    """A picture's pixels, (height, width, 3); each may be shown as a block of several."""
    address = str(page.get_by_alt_text(alt).get_attribute("src"))
    shown = np.asarray(Image.open(io.BytesIO(page.request.get(address).body())).convert("RGB"), float)
    block = len(shown) // height
    return shown[::block, ::block]


def test_why_here(page: Page, lang: str) -> None:
    words = table(lang)
    open_page(page, f"?layer=conv4&lang={lang}")
    tab(page, words["unit_tab_why"])
    seen, gradients = Explorer.open(MODEL, "cpu").run(sample_path("cat")), Gradients.open(MODEL, "cpu")
    unit, row, column = map(int, np.unravel_index(seen["conv4"].argmax(), seen["conv4"].shape))
    top, left, bottom, right = gradients.config.layer["conv4"].field(row, column)
    expect(page.get_by_alt_text(words["why_patch_alt"])).to_be_visible(timeout=SLOW_MS)
    patch = seen.square[16:240, 16:240][top:bottom, left:right]
    assert np.abs(pixels(page, words["why_patch_alt"], len(patch)) - patch).max() <= 1
    for method in ("deconvnet", "guided_backprop"):  # of the strongest unit at its strongest place, 0 in neutral grey
        signal = getattr(gradients, method)(seen.crop, "conv4", unit, (row, column))
        greys = 127.5 + 127.5 * signal[:, top:bottom, left:right].transpose(1, 2, 0) / np.abs(signal).max()
        assert np.abs(pixels(page, words[f"why_{method}_alt"], len(patch)) - greys).max() <= 2
    expect_no_trouble(page)
    open_page(page, f"?layer=fc8&unit=3&tab=why&lang={lang}")
    expect(page.get_by_alt_text(words["why_deconvnet_alt"])).to_be_visible(timeout=SLOW_MS)
    expect_no_trouble(page)


def test_what_it_looks_for(page: Page, lang: str) -> None:
    words, unit = table(lang), 31 if lang == "en" else 32  # a finished one is kept for everybody
    open_page(page, f"?layer=conv5&unit={unit}&tab=dream&lang={lang}")
    page.get_by_role("button", name=words["dream_button"]).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name=words["dream_cancel"], exact=True).click()
    expect(page.get_by_text(words["dream_cancelled"])).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name=words["dream_button"]).click()
    expect(page.get_by_text(words["dream_caption"].split("{")[0])).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_alt_text(words["dream_alt"].format(name="conv5", number=unit))).to_be_visible()
    expect_no_trouble(page)
    page.reload()  # it is kept
    settle(page)
    expect(page.get_by_alt_text(words["dream_alt"].format(name="conv5", number=unit))).to_be_visible()
