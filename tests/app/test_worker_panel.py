"""What waits for the worker, with a real one: Grad-CAM and "Why here" are cancelled while it computes, and asked for anew."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import answers, worker_panel
from model.workshop import Workshop
from tests.app.test_predict import FakeJob, FakeWorkshop, app, model, seen, text
from tests.model.test_workshop import alive, until

__all__ = ["app", "model"]  # fixtures
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    workshop = Workshop()
    monkeypatch.setattr(answers, "workshop", lambda: workshop)
    yield workshop
    workshop.close()


def ask_for_grad_cam(app: AppTest) -> None:
    app.run()
    app.switch_page("views/predict.py").run()
    app.toggle(key="cam").set_value(True).run()


def ask_why_here(app: AppTest) -> None:
    app.query_params["layer"] = "conv3"
    app.query_params["tab"] = "why"
    app.run()


ASKS = {"cam": (ask_for_grad_cam, "values of conv5 speak for"), "why": (ask_why_here, "Neutral grey is nothing")}


@needs_signals
@pytest.mark.slow
@pytest.mark.parametrize("part", ASKS)
def test_cancel_ends_the_work(app: AppTest, workshop: Workshop, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is stopped inside the first job, as if that were long: the page does not wait, and the process goes."""
    monkeypatch.setattr(worker_panel, "PATIENCE_SECONDS", 0)
    ask, answer = ASKS[part]
    ask(app)
    jobs = app.session_state[f"{part}_asked"].jobs
    until(lambda: jobs[0].state == "running")
    worker = workshop.worker_pid
    assert worker
    os.kill(worker, signal.SIGSTOP)
    began = time.monotonic()
    app.run()
    assert time.monotonic() - began < 20  # no page waits for the worker
    assert "Computing" in text(app)
    app.button(key=f"{part}_cancel").click().run()
    assert {job.state for job in jobs} == {"cancelled"}
    assert "Cancelled." in text(app)
    until(lambda: not alive(worker))
    app.button(key=f"{part}_again").click().run()
    until(lambda: answer in text(app.run()))
    assert not app.exception
    assert [error.value for error in app.error] == []
    assert workshop.worker_pid != worker


@pytest.mark.parametrize("part", ASKS)
def test_a_failure_is_a_sentence(app: AppTest, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = FakeWorkshop(FakeJob("failed", error="It rains."))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    ask: Callable[[AppTest], None] = ASKS[part][0]
    ask(app)
    assert len(app.error) == 1
    assert app.error[0].value.endswith("It rains.")


def test_results_are_kept_and_pale_ones_are_of_the_value_before(
    app: AppTest, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for is the layer's strongest value, at its place."""
    shop = FakeWorkshop(FakeJob("done", np.ones((3, 224, 224), np.float32)))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    ask_why_here(app)
    assert [asked["method"] for asked in shop.asked] == ["deconvnet", "guided_backprop"]
    strongest = np.unravel_index(int(seen(model)["conv3"].argmax()), (16, 13, 13))
    for asked in shop.asked:
        assert (asked["layer"], asked["unit"], *asked["place"]) == ("conv3", *strongest)
    app.run()
    assert len(shop.asked) == 2
    shop.job = FakeJob("running")
    app.query_params["layer"] = "conv4"
    app.run()
    assert "0 of 2 pictures" in text(app)
    assert "The pale pictures are of the value before." in text(app)
    app.query_params["layer"] = "conv3"
    app.run()
    assert "0 of 2 pictures" not in text(app)
    assert len(shop.asked) == 4


def test_kept_results_are_bounded(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_panel, "MAX_KEPT", 1)
    shop = FakeWorkshop(FakeJob("done", np.ones((3, 224, 224), np.float32)))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    ask_why_here(app)
    app.run()
    app.query_params["layer"] = "conv4"
    app.run()
    assert len(shop.asked) == 4
    assert len(worker_panel._kept()) == 1
