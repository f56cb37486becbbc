"""Another network brought in on the Model page: a file of torchvision's, a pickle that is refused, a fetch that is cancelled."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Page, expect

from app.text import table
from tests.e2e.actions import go_to, open_page, predictions, settle
from tests.e2e.conftest import serving
from tests.model.test_convert import torchvision_net

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NAMES = ["apple", "bridge", "cloud", "door", "egg", "fern", "goat"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("app/main.py", tmp_path_factory.mktemp("server")) as address:
        yield address


def give(page: Page, box: str, name: str, data: bytes) -> None:
    chosen = page.locator(f'.st-key-{box} input[type="file"]')
    chosen.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
    expect(page.locator(f".st-key-{box}").get_by_text(name)).to_be_visible()
    page.wait_for_timeout(500)


def bring_in(page: Page) -> None:
    page.locator(".st-key-import_convert button").click()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_torchvisions_net_comes_in_and_is_used(wide_page: Page, lang: str) -> None:
    """Weights and names go up, the network is converted, chosen, and its classes answer; a link names it."""
    words = table(lang)
    weights = io.BytesIO()
    torch.save(torchvision_net().state_dict(), weights)
    open_page(wide_page, f"model?lang={lang}")
    give(wide_page, "import_file", f"My net {lang}.pth", weights.getvalue())
    give(wide_page, "import_classes", "names.txt", "\n".join(NAMES).encode())
    bring_in(wide_page)
    expect(wide_page.get_by_text(words["import_done"].format(name=f"my-net-{lang}"))).to_be_visible(timeout=60_000)
    settle(wide_page)
    expect(wide_page.get_by_text(words["model_totals"].rpartition("}")[2]).first).to_be_visible()
    assert f"model=my-net-{lang}" in wide_page.url
    go_to(wide_page, words["page_explore"])
    assert set(predictions(wide_page)) < set(NAMES)
    expect(wide_page.locator('.net .box[data-layer="norm1"]')).to_have_count(0)  # torchvision's has none


@pytest.mark.parametrize(
    ("lang", "sentence"), [("en", "is a pickle of Python objects"), ("zh", "是 Python 对象的 pickle")], ids=["en", "zh"]
)
def test_a_pickle_is_refused(wide_page: Page, lang: str, sentence: str) -> None:
    open_page(wide_page, f"model?lang={lang}")
    give(wide_page, "import_file", "net.pkl", pickle.dumps({"weights": 1}))
    bring_in(wide_page)
    expect(wide_page.get_by_text(sentence)).to_be_visible(timeout=60_000)
    expect(wide_page.locator(".st-key-import_convert button")).to_be_enabled()


def test_a_fetch_can_be_cancelled(wide_page: Page) -> None:
    """No address is reached here; the page stays usable, and Cancel brings the choice back."""
    open_page(wide_page, "model")
    bvlc = wide_page.get_by_role("button", name="Caffe's AlexNet, 244 MB")
    bvlc.click()
    wide_page.get_by_role("button", name="Cancel").click()
    expect(bvlc).to_be_visible()
    expect(wide_page.get_by_test_id("stAlertContentError")).to_have_count(0)
