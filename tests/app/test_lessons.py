"""Every lesson over a toy network, in both languages: question, panel, verdict, and the numbers it shows."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.lessons.every import LESSONS
from app.lessons.net import whole
from app.lessons.relu import shares
from app.text import speaking, table
from model.layers import CODE_2012, NO_DROPOUT, NO_LRN, ONE_TOWER
from tests.app.test_pages import errors, text
from tests.toys import small, write_toy

FRAME = str(Path(__file__).parents[2] / "app" / "frame.py")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    (tmp_path / "toy").mkdir()
    write_toy(tmp_path / "toy" / "model.onnx")
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "toy" / "model.onnx"))
    monkeypatch.setenv("ALEXNET_GALLERIES", str(tmp_path / "galleries"))
    return AppTest.from_file(FRAME, default_timeout=60)


def open_lesson(app: AppTest, name: str, step: int, lang: str = "en") -> AppTest:
    for part, value in {"lesson": name, "step": str(step), "lang": lang}.items():
        app.query_params[part] = value
    app.run()
    app.switch_page("views/lessons.py")
    return app.run()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_asks_shows_and_settles(app: AppTest, name: str, lang: str) -> None:
    open_lesson(app, name, 1, lang)
    words = table(lang)
    assert not app.exception
    assert words[f"lesson_{name}_title"] in [shown.value for shown in app.subheader]
    radio = app.radio(key=f"answer_{name}")
    assert radio.label == words[f"lesson_{name}_ask"]
    assert radio.options == [words[f"lesson_{name}_option_{i}"] for i in range(LESSONS[name].options)]
    assert words[f"lesson_{name}_see"] not in text(app)
    with speaking(lang):  # the test reads options by their words, outside any session
        radio.set_value(0)
        app.button(key="lessons_go").click().run()
        app.button(key="lessons_go").click().run()
    assert not app.exception
    assert errors(app) == []
    assert app.query_params["step"] == "3"
    said = [element.value for kind in (app.success, app.warning) for element in kind]
    assert len(said) == 1
    assert words[f"lesson_{name}_option_0"] in said[0]
    assert words[f"lesson_{name}_see"] in text(app)


@pytest.mark.parametrize(
    ("config", "unfit"),
    [(small(ONE_TOWER), {"gpus", "figure3"}), (small(NO_LRN), {"lrn"}), (small(NO_DROPOUT), {"dropout"}), (small(CODE_2012), {"lrn"})],
    ids=["one tower", "no LRN", "no dropout", "2012 code"],
)  # fmt: skip
def test_networks_of_other_shape(app: AppTest, tmp_path: Path, config: object, unfit: set[str]) -> None:
    write_toy(tmp_path / "toy" / "model.onnx", config)  # type: ignore[arg-type]
    for name in LESSONS:
        app = open_lesson(AppTest.from_file(FRAME, default_timeout=60), name, 3)
        assert not app.exception, name
        assert errors(app) == [], name
        assert (table("en").get(f"lesson_{name}_unfit", "no such lesson") in text(app)) == (name in unfit), name


def test_the_list_opens_a_lesson_and_the_next(app: AppTest) -> None:
    open_lesson(app, "", 1)
    app.button(key="open_relu").click().run()
    assert app.query_params["lesson"] == "relu"
    app.button(key="lessons_next").click().run()
    assert app.query_params["lesson"] == "gpus"
    app.button(key="lessons_all").click().run()
    assert "lesson" not in app.query_params


def test_worked_out_as_typed(app: AppTest) -> None:
    """The toy's conv1: 8 kernels of 11 x 11 x 3 and 8 biases, maps of 55 x 55."""
    open_lesson(app, "net", 2)
    app.text_input(key="net_parameters_conv1").set_value("2,912").run()
    app.text_input(key="net_side_conv1").set_value("54").run()
    labels = [field.label for field in app.text_input]
    assert "Parameters · right" in labels
    assert "Side of a map · more" in labels
    app.text_input(key="net_side_conv1").set_value("many").run()
    assert "Side of a map · a whole number, please" in [field.label for field in app.text_input]


def test_whole_numbers_as_people_type_them() -> None:
    assert [whole(one) for one in ("34,944", " 34 944 ", "55", "5.5", "-3", "")] == [34944, 34944, 55, None, None, None]


def test_shares_of_steep_places() -> None:
    # the slope of tanh is 1 - tanh² = .01 at about 2.993
    assert shares(np.array([-1.0, 0.0, 2.9, 3.1, 500.0], np.float32)) == (0.6, 0.6)
    assert shares(np.array([-500.0, 400.0, 30.0, -20.0], np.float32)) == (0.5, 0.0)


def test_quiz_counts(app: AppTest) -> None:
    open_lesson(app, "figure3", 2)
    assert table("en")["lesson_figure3_no_history"] in text(app)


def test_the_gpus_lesson_cuts_the_cross_talk(app: AppTest) -> None:
    open_lesson(app, "gpus", 2)
    app.slider(key="lesson_cross_talk").set_value(100).run()
    assert app.query_params["mute"] == "cross_talk-100"
    assert not app.exception


def test_a_link_says_when_the_picture_is_not_in_it(app: AppTest) -> None:
    app.query_params["picture"] = "not-in-link"
    app.run()
    assert table("en")["picture_missing"] in text(app)
    app.segmented_control(key="source").set_value("sample").run()
    app.pills(key="sample").set_value("coffee").run()
    assert table("en")["picture_missing"] not in text(app)
