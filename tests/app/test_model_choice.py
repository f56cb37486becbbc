"""Which model is in use on a page: what the page opens on, what was chosen, and what was not."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.pages import OPENS_ON
from tests.app.frame import PAGES, build_gallery, open_page, text


def choice(app: AppTest, name: str) -> str:
    """The model in use on a page, by its box."""
    open_page(app, name)
    return str(next(box for box in app.selectbox if str(box.key).startswith("model_choice")).value)


def test_predict_and_neighbours_open_on_another_model(two_models: AppTest) -> None:
    """Until somebody chooses one, which all pages then keep."""
    app, opened = two_models.run(), {}
    for name in PAGES:
        opened[name] = choice(app, name)
        assert "model" not in app.query_params
        assert ("This page opens on tiny200" in text(app)) is (opened[name] == "tiny200")
    assert opened == {
        "explore": "imagenet20", "predict": "tiny200", "kernels": "imagenet20", "neighbours": "tiny200", "model": "imagenet20",
    }  # fmt: skip
    open_page(app, "predict")
    app.selectbox("model_choice_predict").select("imagenet20").run()
    for name in ("predict", "explore", "neighbours"):
        assert choice(app, name) == "imagenet20"
        assert app.query_params["model"] == "imagenet20"  # in every link, also where it goes without saying


def test_the_models_box_begins_with_the_one_in_use(two_models: AppTest) -> None:
    """A browser that is busy may send what a box began with back, before it hears of another value."""
    app = two_models.run()
    for _ in range(2):
        open_page(app, "kernels")
        open_page(app, "predict")
        box = app.selectbox("model_choice_predict")
        assert (box.options[box.proto.default], box.proto.set_value) == ("tiny200", False)


@pytest.mark.parametrize("left", [*PAGES, "lessons"])
def test_a_page_that_was_left_chooses_nothing(two_models: AppTest, tmp_path: Path, left: str) -> None:
    """A browser may name its widgets' values once more when the server has drawn the next page already."""
    shutil.copytree(tmp_path / "two" / "tiny200", tmp_path / "toy")
    for name in ("photos", "others"):  # made by the network that opens Neighbours
        build_gallery(tmp_path, name)
    app = two_models.run()
    opened = "kernels" if left in OPENS_ON else "predict"
    open_page(app, left)
    late = app._tree.get_widget_states()
    for at in reversed(range(len(late.widgets))):
        if late.widgets[at].WhichOneof("value") == "trigger_value":  # of a press there is no more to say
            del late.widgets[at]
    model = choice(app, opened)
    before, address = app.session_state["view"], dict(app.query_params)
    app._run(late)
    assert choice(app, opened) == model
    assert app.session_state["view"] == before
    assert dict(app.query_params) == address


def test_a_slider_that_was_left_mutes_nothing(two_models: AppTest) -> None:
    """What Kernels' slider said is not said again once its kernel was healed elsewhere."""
    app = two_models.run()
    open_page(app, "kernels")
    app.slider(key="kernel_lesion").set_value(50).run()
    late = app._tree.get_widget_states()
    for at in reversed(range(len(late.widgets))):
        if "kernel_lesion" not in late.widgets[at].id:
            del late.widgets[at]
    assert len(late.widgets) == 1
    open_page(app, "predict")
    app.button(key="lesions_reset").click().run()
    app._run(late)
    assert not app.session_state["view"].lesions


@pytest.mark.parametrize("part", [("mute", "gpu2-50"), ("gallery", "mine"), ("query", "5"), ("why", "3")])
def test_what_belongs_to_a_network_keeps_it_in_use(two_models: AppTest, part: tuple[str, str]) -> None:
    """Its lesions, its galleries and their pictures would mean something else on another one."""
    two_models.query_params[part[0]] = part[1]
    two_models.run()
    assert two_models.query_params["model"] == "imagenet20"
    assert choice(two_models, "predict") == "imagenet20"
    assert two_models.query_params[part[0]] == part[1]


def test_one_model_by_environment_is_that_of_all_pages(
    two_models: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "two" / "imagenet20" / "model.onnx"))
    two_models.run()
    assert [choice(two_models, name) for name in PAGES] == ["imagenet20"] * len(PAGES)
