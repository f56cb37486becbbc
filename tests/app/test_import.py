"""A published network fetched over a connection that breaks, watched by two visitors; what its page says of it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from app import command_job, import_panel
from app.text import table
from model import onnx_file
from model.layers import TORCHVISION
from tests.app.frame import FRAME, errors, open_page, text
from tests.model.test_convert import torchvision_net
from tests.toys import small, write_toy
from tests.training.server import Site, serve

pytestmark = pytest.mark.slow
WORDS = table("en")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy").mkdir()
    write_toy(tmp_path / "toy" / "model.onnx")
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "toy" / "model.onnx"))
    monkeypatch.setenv("ALEXNET_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def visitor() -> AppTest:
    return open_page(AppTest.from_file(FRAME, default_timeout=60).run(), "model")


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def bars(app: AppTest) -> list[Any]:
    return [one.proto for one in app.get("progress")]


def test_fetched_in_pieces_and_only_its_visitor_may_cancel(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = io.BytesIO()
    torch.save(torchvision_net().state_dict(), weights)
    data = weights.getvalue()
    shares, sentences = [], []
    with serve(Site(data, drops=[len(data) // 3, len(data) // 4])) as site:
        monkeypatch.setenv("PUBLISHED_HERE", f"{site.address} {hashlib.sha256(data).hexdigest()}")
        here = lambda _, *rest: command_job.CommandJob("tests.app.published_here", *rest)  # noqa: E731
        monkeypatch.setattr(import_panel, "CommandJob", here)
        first = visitor()
        first.button(key="import_torchvision").click().run()
        assert "import_cancel" in keys(first)
        second = visitor()
        second.button(key="import_torchvision").click().run()
        assert "import_cancel" not in keys(second)  # it is another visitor's
        for _ in range(300):
            first.run()
            if first.success:
                break
            shares += [bar.value for bar in bars(first)]
            sentences += [one.value for one in first.markdown]
            time.sleep(0.1)
    assert len(site.requests) >= 3  # it went on where it broke off
    assert errors(first) == []
    assert [one.value for one in first.success] == [WORDS["import_done"].format(name="torchvision")]
    assert shares == sorted(shares)
    assert any(0 < share < 100 for share in shares)
    assert onnx_file.read(models / "torchvision" / "model.onnx")[0].config.towers == 1
    assert "torchvision's alexnet, brought in from the file" in text(first)
    second.run()
    assert [one.value for one in second.success] == [WORDS["import_done"].format(name="torchvision")]


@pytest.mark.parametrize(("stage", "bar"), [("fetch", True), ("read", False), ("write", False)])
def test_a_bar_only_where_it_is_known_how_far(
    models: Path, monkeypatch: pytest.MonkeyPatch, stage: str, bar: bool
) -> None:
    job = command_job.CommandJob("model.convert", "toy2", (), stage=stage, done=0, total=1)
    app = AppTest.from_file(FRAME, default_timeout=60)
    app.session_state["import_job"], app.session_state["import_mine"] = job, True
    open_page(app.run(), "model")
    assert bool(bars(app)) == bar
    said = WORDS[f"import_stage_{stage}"].split("{")[0]
    assert (said in text(app)) != bar


def test_an_upload_is_deleted_when_its_conversion_ends(models: Path, tmp_path: Path) -> None:
    """Also when it fails, and nobody looks."""
    folder = tmp_path / "upload"
    folder.mkdir()
    (folder / "net.pth").write_bytes(b"no weights")
    arguments = (str(folder / "net.pth"), str(models / "x" / "model.onnx"))
    job = command_job.CommandJob("model.convert", "x", arguments, folder).start()
    for _ in range(300):
        if job.is_over:
            break
        time.sleep(0.1)
    assert job.error
    assert not folder.exists()


def test_where_an_imported_network_is_from(models: Path) -> None:
    made = models / "mine" / "model.onnx"
    made.parent.mkdir(parents=True)
    write_toy(made, small(TORCHVISION))
    info, weights = onnx_file.read(made)
    recipe = {"name": "torchvision's alexnet", "source": "my_net.pth", "sha256": "ab12" * 16}
    onnx_file.write(made, dataclasses.replace(info, recipe=recipe, commit="unknown"), weights)
    app = AppTest.from_file(FRAME, default_timeout=60)
    app.query_params["model"] = "mine"
    open_page(app.run(), "model")
    assert rf"brought in from the file my\_net.pth, SHA-256 {'ab12' * 16}." in text(app)
    assert "unknown" not in text(app)


def test_a_shared_server_brings_nothing_in(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALEXNET_SHARED", "1")
    app.run()
    for page in ("model", "neighbours"):
        app.switch_page(f"views/{page}.py")
        app.run()
        assert not app.exception
        assert "who runs it chooses its galleries and networks" in " ".join(one.value for one in app.caption)
        assert not [one.key for one in app.button if str(one.key).startswith(("import_", "gallery_"))]
