"""What tests of pages share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.app.frame import FRAME
from tests.toys import write_toy


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages cache for all users, and show networks that were brought in; every test is a server of its own.

    A script under AppTest becomes `__main__`, which processes spawned by a later test would run.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv("ALEXNET_MODELS", str(tmp_path / "no-models"))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    (tmp_path / "toy").mkdir()
    write_toy(tmp_path / "toy" / "model.onnx")
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "toy" / "model.onnx"))
    monkeypatch.setenv("ALEXNET_GALLERIES", str(tmp_path / "galleries"))
    return AppTest.from_file(FRAME, default_timeout=60)


@pytest.fixture
def two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """An explorer with the two models that pages open on."""
    for seed, name in enumerate(("imagenet20", "tiny200")):
        (tmp_path / "two" / name).mkdir(parents=True)
        write_toy(tmp_path / "two" / name / "model.onnx", seed=seed)
    monkeypatch.setattr("app.state.MODELS", tmp_path / "two")
    monkeypatch.delenv("ALEXNET_MODEL", raising=False)
    monkeypatch.setenv("ALEXNET_GALLERIES", str(tmp_path / "galleries"))
    return AppTest.from_file(FRAME, default_timeout=60)
