"""What a click on "Why?" leads to: the class on the page Predict, its Grad-CAM, the crop and the model that it names."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import answers
from app.components import why
from app.samples import sample_path
from app.view import Edits
from app.why_panel import crop_edits
from model.explorer import Explorer
from model.preprocess import View, ten_crop_offsets
from tests.app.frame import open_page
from tests.app.test_predict import FakeJob, FakeWorkshop, app, charts, html, model, names, seen, text
from tests.toys import write_toy

__all__ = ["app", "model"]  # fixtures


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a button says when it is pressed: the component is the browser's."""
    said: dict[str, str] = {}
    monkeypatch.setattr(why, "asked", lambda: said)
    monkeypatch.setattr(why, "listen", lambda on_ask: st.button("ask", key="ask", on_click=on_ask))
    shop = FakeWorkshop(FakeJob("done", np.eye(13, dtype=np.float32)))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    return said


def test_from_the_first_screen_to_grad_cam(app: AppTest, model: Path, asked: dict[str, str]) -> None:
    third = seen(model).top(3)[2]
    app.run()
    assert f'data-why="{third.class_id}"' in html(app)
    asked["why"] = third.class_id
    app.button(key="ask").click().run()
    assert not app.exception
    assert app.session_state["view"].class_id == third.class_id
    assert app.toggle(key="cam").value
    assert f"speak for “{third.name}”" in text(app)


@pytest.mark.parametrize(("page", "stays"), [("kernels", "imagenet20"), ("predict", "")])
def test_the_model_that_was_asked_answers(asked: dict[str, str], two_models: AppTest, page: str, stays: str) -> None:
    """Also where Predict would open on another; on Predict itself nothing is chosen for the other pages."""
    two_models.run()
    open_page(two_models, page)
    asked["why"] = "n2"
    two_models.button(key="ask").click().run()
    view = two_models.session_state["view"]
    assert (view.class_id, view.model) == ("n2", stays)
    assert two_models.query_params.get("model", "") == stays
    assert two_models.toggle(key="cam").value


def test_nothing_asked_changes_nothing(app: AppTest, asked: dict[str, str]) -> None:
    app.run()
    app.button(key="ask").click().run()
    assert app.session_state["view"].class_id == ""
    assert next(title.value for title in app.subheader) != "What the network sees"


@pytest.mark.parametrize("number", [0, 5, 9])
def test_a_crop_comes_into_use(app: AppTest, model: Path, asked: dict[str, str], number: int) -> None:
    vote = Explorer.open(model, "cpu").run_ten_crops(sample_path("cat")).views[number]
    app.run()
    asked |= {"why": f"n{vote.argmax()}", "crop": str(number)}
    app.button(key="ask").click().run()
    (row, column), mirror = ten_crop_offsets()[number // 2], number % 2 == 1
    np.testing.assert_allclose(seen(model, View(row, column, mirror))["prob"], vote, rtol=1e-4)
    assert app.session_state["view"].edits == crop_edits(Edits(), number, 224)
    assert app.toggle(key="edits_mirror").value is mirror
    assert charts(app)[0] == [one.name for one in seen(model, View(row, column, mirror)).top(5)]


def test_paint_stays_on_a_crop() -> None:
    assert crop_edits(Edits(paint=b"x", colour=(0.1, 0, 0)), 3, 224) == Edits(
        mirror=True, down=-16, right=16, paint=b"x", colour=(0.1, 0, 0)
    )


def test_the_other_model_comes_into_use(app: AppTest, model: Path, asked: dict[str, str]) -> None:
    other = model.parents[1] / "zoo" / "model.onnx"
    other.parent.mkdir()
    write_toy(other, seed=1)
    app.query_params["beside"] = "zoo"
    app.run()
    app.switch_page("views/predict.py").run()
    assert 'data-model="zoo"' in html(app)
    asked |= {"why": "n2", "model": "zoo"}
    app.button(key="ask").click().run()
    view = app.session_state["view"]
    assert (view.model, view.beside, view.class_id) == ("zoo", "toy", "n2")
    assert charts(app)[0] == names(other)
