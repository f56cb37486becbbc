"""The page Neighbours, without a browser: galleries, maps, what a lasso holds, pictures of one's own."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from app import galleries, gallery_panel, map_panel, neighbours_panel, state
from app.command_job import CommandJob
from app.components import picture as canvas
from app.text import t, table
from model.explorer import Explorer
from model.gallery import export
from model.gallery.build import build
from tests.app.frame import build_gallery, errors, open_page, photo, text
from tests.toys import TOY, write_class_folders, write_toy


def shared_units(app: AppTest) -> list[int]:
    """Numbers, from 1, of the fc7 units that the query and its neighbour are said to share."""
    html = " ".join(str(getattr(one, "value", "")) for one in app.get("html"))
    return [int(number) for number in re.findall(r"unit (\d+)<", html)]


def test_gallery(app: AppTest, tmp_path: Path) -> None:
    app.run()
    open_page(app, "neighbours")
    assert "No gallery yet." in text(app)
    build_gallery(tmp_path)
    open_page(app, "predict")
    open_page(app, "neighbours")
    assert not app.exception
    assert errors(app) == []
    assert "Among 8 pictures." in text(app)
    assert "8 pictures by their fc7" in text(app)
    for colour in ("prediction", "error", "confidence", "unit", "class"):
        app.selectbox(key="map_colour").set_value(colour).run()
        assert not app.exception
        assert errors(app) == []
    app.slider(key="neighbours_k").set_value(50).run()
    assert app.query_params["k"] == "50"
    app.query_params["query"] = "3"
    app.run()
    assert "Why is “n1” near" in text(app)


def test_what_could_not_be_read_is_listed(app: AppTest, tmp_path: Path) -> None:
    write_class_folders(tmp_path, "photos", 2, 2)
    (tmp_path / "photos" / "n1" / "0.png").write_bytes(b"broken")
    build(tmp_path / "toy" / "model.onnx", tmp_path / "photos", tmp_path / "galleries" / "photos", with_map=False)
    app.run()
    open_page(app, "neighbours")
    assert errors(app) == []
    assert "Among 3 pictures." in text(app)
    assert t("gallery_rejected", count=1) in [one.label for one in app.expander]
    (listed,) = (one.value for one in app.dataframe if t("column_why") in one.value)
    assert listed[t("column_file")].tolist() == ["n1/0.png"]
    assert listed[t("column_why")][0].startswith("This is not a picture that can be read")


def test_gallery_of_another_model(app: AppTest, tmp_path: Path) -> None:
    build_gallery(tmp_path)
    write_toy(tmp_path / "toy" / "model.onnx", seed=5)
    app.run()
    open_page(app, "neighbours")
    assert "No gallery yet." in text(app)  # that one is not offered
    app.query_params["gallery"] = "photos"  # as in an address
    app.run()
    assert not app.exception
    assert "was built with another model (toy)" in errors(app)[0]


def test_files_of_a_selection_wait_until_they_are_asked_for(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(map_panel, "selected", lambda positions: np.arange(6))
    monkeypatch.setattr(export, "to_csv", lambda *_: made.append("csv"))
    monkeypatch.setattr(export, "to_zip", lambda *_: made.append("zip"))
    build_gallery(tmp_path)
    app.run()
    open_page(app, "neighbours")
    assert not app.exception
    assert "6 pictures selected" in text(app)
    assert made == []


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("learned", "verdict"), [(0.62, "codes_verdict_yes"), (0.58, "codes_verdict_no")])
def test_whether_the_auto_encoder_is_worth_it(
    app: AppTest, tmp_path: Path, lang: str, learned: float, verdict: str
) -> None:
    """The longest codes of each kind are compared; the page says which bring the class more often."""
    build_gallery(tmp_path)
    shares = {"fc7": 0.6, "pixels": 0.1, "pca-sign 64": 0.7, "pca-sign 256": 0.61, "autoencoder 64": 0.1}
    recall = dict.fromkeys(("6", "50", "200", "500"), 0.25)
    spaces = {
        name: {"share": share, "mean_average_precision": 0.5, "recall": recall}
        for name, share in (shares | {"autoencoder 256": learned}).items()
    }
    report = {"k": 6, "pictures": 48, "queries": 12, "spaces": spaces, "hardware": "a CPU", "commit": "abc"}
    (tmp_path / "toy" / "codes.json").write_text(json.dumps(report))
    app.query_params["lang"] = lang
    app.run()
    app.session_state["codes"] = True  # as a click does
    open_page(app, "neighbours")
    assert errors(app) == []
    assert table(lang)[verdict].format(own=0.61, codes=learned) in text(app)
    (shown,) = (one.value for one in app.dataframe if table(lang)["codes_space"] in one.value)
    assert shown[table(lang)["codes_share"]].tolist() == ["60.0%", "10.0%", "70.0%", "61.0%", "10.0%", f"{learned:.1%}"]
    assert set(shown[table(lang)["codes_recall"].format(depth=6)]) == {"0.250"}


def test_pictures_of_ones_own(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept once, as many as there is room for; then the button says why it does nothing."""
    monkeypatch.setattr(galleries, "MAX_OWN", 1)
    build_gallery(tmp_path)
    app.run()
    open_page(app, "neighbours")

    def keep() -> Button:
        return next(button for button in app.button if button.label == "Put your picture beside these")

    assert not keep().disabled
    keep().click().run()
    assert keep().disabled
    assert "Your picture is among them. Pictures of your own: 1 of at most 1." in text(app)
    assert "Why is “Cat” near “Cat”" not in text(app)
    app.file_uploader(key="upload_0").upload("another.png", photo(), "image/png").run()
    assert keep().disabled
    assert "There is room for 1 of your own" in text(app)


def test_ones_own_pictures_are_searched_as_the_intact_network_sees_them(app: AppTest, tmp_path: Path) -> None:
    """Like the gallery's, and as the page says: also one that was put beside them under a lesion. It stays the same picture."""
    build_gallery(tmp_path)
    app.run()
    open_page(app, "neighbours")
    app.slider(key="lesion_gpu2").set_value(100).run()
    next(button for button in app.button if button.label == "Put your picture beside these").click().run()
    assert t("neighbours_wounded") in text(app)
    assert "Your picture is among them." in text(app)
    model = tmp_path / "toy" / "model.onnx"
    (kept,) = app.session_state[f"own_{state._key(model)}"]
    intact = Explorer.open(model, "cpu").run(kept.square, view=kept.crop)["fc7"]
    np.testing.assert_allclose(kept.query.features["fc7"], intact, rtol=1e-5, atol=1e-6)
    assert intact[TOY.fc_units // 2 :].any()  # GPU2 answers
    app.slider(key="lesion_gpu2").set_value(0).run()
    assert "Your picture is among them." in text(app)
    assert "Why is “Cat” near “Cat”" not in text(app)
    app.query_params["query"] = "9"  # it asks, with lesions again
    app.run()
    assert errors(app) == []
    assert max(shared_units(app)) > TOY.fc_units // 2
    app.slider(key="lesion_gpu2").set_value(100).run()
    assert max(shared_units(app)) <= TOY.fc_units // 2


def test_progress_says_nothing_that_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    job = CommandJob("model.gallery", "x", ())
    job.stage, job.total = "pictures", 200
    assert job.seconds_left is None
    assert t("gallery_stage_pictures", done=0, total=200, left=job.left) == "0 of 200 pictures"
    monkeypatch.setattr("app.command_job.time.monotonic", lambda: job._since + 10)
    job.done = 50
    assert t("gallery_stage_pictures", done=50, total=200, left=job.left) == "50 of 200 pictures, 30 s left"


def test_two_pages_may_both_take_a_job_off_the_list() -> None:
    job = CommandJob("model.gallery", "x", ())
    gallery_panel._jobs().append(job)
    gallery_panel._forget(job)
    gallery_panel._forget(job)
    assert job not in gallery_panel._jobs()


def test_gallery_without_a_name(app: AppTest) -> None:
    app.run()
    open_page(app, "neighbours")
    app.button(key="gallery_build").click()
    app.run()
    assert not app.exception
    assert errors(app)[0].startswith("Name a folder or")


def test_neighbours_follow_lesions(app: AppTest, tmp_path: Path) -> None:
    build_gallery(tmp_path)
    app.run()
    open_page(app, "neighbours")
    assert "make up" in text(app)
    app.slider(key="lesion_gpu2").set_value(100).run()
    assert errors(app) == []
    assert "Muted: GPU2 100 %." in text(app)
    assert t("neighbours_wounded") in text(app)
    assert max(shared_units(app)) <= TOY.fc_units // 2  # those of GPU2 are silent


def test_a_picture_of_the_gallery_follows_lesions(app: AppTest, tmp_path: Path) -> None:
    """Where its pixels can be read; else a sentence says that it does not."""
    build_gallery(tmp_path)
    app.query_params["query"] = "3"
    app.run()
    open_page(app, "neighbours")
    assert max(shared_units(app)) > TOY.fc_units // 2
    app.slider(key="lesion_gpu2").set_value(100).run()
    assert errors(app) == []
    assert max(shared_units(app)) <= TOY.fc_units // 2
    assert t("neighbours_intact") not in text(app)
    shutil.rmtree(tmp_path / "photos")
    st.cache_resource.clear()
    app.run()
    assert errors(app) == []
    assert t("neighbours_intact") in text(app)
    assert max(shared_units(app)) > TOY.fc_units // 2


def test_the_map_is_sent_first_and_stands_below(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that is dropped is to land on it soon; the strips and the photograph follow."""
    sent: list[str] = []

    def noted(module: Any, name: str) -> None:
        draw = getattr(module, name)

        def note(*args: Any, **options: Any) -> None:
            sent.append(name)
            draw(*args, **options)

        monkeypatch.setattr(module, name, note)

    for module, name in ((map_panel, "point_map"), (neighbours_panel, "neighbours"), (canvas, "picture_canvas")):
        noted(module, name)
    build_gallery(tmp_path)
    app.run()
    open_page(app, "neighbours")
    sent.clear()
    app.file_uploader(key="upload_0").upload("mine.png", photo(), "image/png").run()
    assert sent == ["point_map", "neighbours", "picture_canvas"]
    captions = [one.value for one in app.caption]
    figure, why, on_map = (
        next(i for i, said in enumerate(captions) if words in said)
        for words in ("Among 8 pictures.", "make up", "8 pictures by their fc7")
    )
    assert figure < why < on_map
