"""What a unit looks for: nothing is computed unasked, the page says how far it is, a cancelled one can be had again."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import answers, dream_panel
from app.samples import sample_path
from model.explorer import Explorer
from model.messages import Preview
from tests.app.test_predict import FRAME, FakeJob, FakeWorkshop, app, model, text

__all__ = ["app", "model"]  # fixtures


class Dream(FakeJob):
    """A maximisation that stands where it was told to."""

    latest: Preview | None = None

    @property
    def progress(self) -> tuple[int, int]:
        return (self.latest.step, self.latest.steps) if self.latest else (0, 1)

    def show(self, step: int, value: float) -> None:
        self.latest = Preview(step, 96, value, np.zeros((99, 99, 3), np.uint8))
        if step == 96:
            self.state, self.result = "done", self.latest


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> FakeWorkshop:
    shop = FakeWorkshop(Dream("waiting"))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    return shop


def look(app: AppTest, unit: int = 5) -> AppTest:
    for name, value in {"layer": "conv3", "unit": str(unit), "tab": "dream"}.items():
        app.query_params[name] = value
    return app.run()


def buttons(app: AppTest) -> set[str]:
    return {button.key for button in app.button if button.key and button.key.startswith("dream")}


def progress(app: AppTest) -> tuple[int, str]:
    """Percent, and what is said."""
    (bar,) = (one.proto for one in app.get("progress"))
    return bar.value, bar.text


def test_on_demand_with_progress_and_cancel(app: AppTest, shop: FakeWorkshop) -> None:
    look(app)
    assert (shop.asked, buttons(app)) == ([], {"dream_start"})
    app.button(key="dream_start").click().run()
    assert shop.asked == [{"method": "maximise", "layer": "conv3", "unit": 4}]
    assert progress(app) == (0, "Waiting for the worker.")
    shop.job.state = "running"
    shop.job.show(24, 1.5)
    app.run()
    assert progress(app) == (25, "Step 24 of 96, value 1.5")
    assert buttons(app) == {"dream_cancel"}
    app.button(key="dream_cancel").click().run()
    assert shop.job.state == "cancelled"
    assert "Cancelled." in text(app)
    assert buttons(app) == {"dream_start"}
    assert not app.exception


def test_finished_out_of_sight_it_is_kept_for_all(app: AppTest, model: Path, shop: FakeWorkshop) -> None:
    look(app)
    app.button(key="dream_start").click().run()
    app.segmented_control(key="unit_tab").set_value("numbers").run()
    shop.job.show(96, 2.5)
    app.segmented_control(key="unit_tab").set_value("dream").run()
    other = look(AppTest.from_file(FRAME, default_timeout=60))
    for one in (app, other):
        assert not one.exception
        assert "the unit answers 2.5 to this picture" in text(one)
        assert buttons(one) == set()
    assert len(shop.asked) == 1


def test_the_photograph_is_compared_in_the_intact_network(app: AppTest, model: Path, shop: FakeWorkshop) -> None:
    """As the worker knows no lesions."""
    look(app)
    app.button(key="dream_start").click().run()
    shop.job.show(96, 2.5)
    app.query_params["mute"] = "conv3.5-100"
    app.run()
    strongest = Explorer.open(model, "cpu").run(sample_path("cat"))["conv3"][4].max()
    assert strongest > 0
    assert f"your photograph's strongest is {strongest:.4g}." in text(app)


def test_kept_ones_are_bounded(app: AppTest, shop: FakeWorkshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dream_panel, "MAX_KEPT", 1)
    for unit in (5, 6):
        shop.job = Dream("waiting")
        look(app, unit)
        app.button(key="dream_start").click().run()
        shop.job.show(96, 2.5)
        app.run()
    assert [unit for _, _, unit in dream_panel._kept()] == [5]
