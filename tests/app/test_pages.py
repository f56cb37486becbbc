"""Every page over a toy network: no exceptions, the picture stays, sentences for what goes wrong."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from app import galleries, gallery_panel, map_panel, neighbours_panel, state
from app.command_job import CommandJob
from app.components import picture as canvas
from app.components import webcam
from app.text import t, table
from model.explorer import Explorer
from model.gallery import export
from model.gallery.build import build
from model.layers import NO_LRN, ONE_TOWER
from tests.toys import TOY, picture, small, write_class_folders, write_toy

FRAME = str(Path(__file__).parents[2] / "app" / "frame.py")
PAGES = ("explore", "predict", "kernels", "neighbours", "model")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    (tmp_path / "toy").mkdir()
    write_toy(tmp_path / "toy" / "model.onnx")
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "toy" / "model.onnx"))
    monkeypatch.setenv("ALEXNET_GALLERIES", str(tmp_path / "galleries"))
    return AppTest.from_file(FRAME, default_timeout=60)


def open_page(app: AppTest, name: str) -> AppTest:
    app.switch_page(f"views/{name}.py")
    return app.run()


def errors(app: AppTest) -> list[str]:
    return [error.value for error in app.error]


def text(app: AppTest) -> str:
    return " ".join(str(element.value) for kind in (app.caption, app.markdown, app.info) for element in kind)


def photo(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(5)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("config", [TOY, small(ONE_TOWER), small(NO_LRN)], ids=["two towers", "one tower", "no LRN"])
def test_page_opens(app: AppTest, page: str, config: Any, tmp_path: Path) -> None:
    write_toy(tmp_path / "toy" / "model.onnx", config)
    app.run()
    open_page(app, page)
    assert not app.exception
    assert errors(app) == []


@pytest.mark.parametrize("layer", [row.name for row in TOY.layers])
def test_every_layer_opens(app: AppTest, layer: str) -> None:
    app.query_params["layer"] = layer
    app.run()
    assert not app.exception
    assert errors(app) == []
    title = f"{layer}: class " if layer in ("fc8", "prob") else f"{layer} unit "
    assert any(shown.value.startswith(title) for shown in app.subheader)


def test_link_restores_the_view(app: AppTest) -> None:
    for name, value in {"layer": "conv3", "unit": "5", "mute": "gpu2-100~conv1.3-50", "mirror": "1"}.items():
        app.query_params[name] = value
    app.run()
    assert errors(app) == []
    assert any(title.value == "conv3 unit 5 on GPU1" for title in app.subheader)
    assert "Muted: GPU2 100 %, conv1 unit 3 50 %." in text(app)
    open_page(app, "neighbours")
    open_page(app, "explore")
    assert "Muted: GPU2 100 %, conv1 unit 3 50 %." in text(app)


def test_lesions_undo_and_reset(app: AppTest) -> None:
    app.run()
    app.slider(key="lesion_gpu2").set_value(50).run()
    app.slider(key="lesion_cross_talk").set_value(30).run()
    assert "Muted: GPU2 50 %, cross-talk 30 %." in text(app)
    assert app.query_params["mute"] == "gpu2-50~cross_talk-30"
    app.button(key="lesions_undo").click().run()
    assert "Muted: GPU2 50 %." in text(app)
    app.button(key="lesions_reset").click().run()
    assert "Muted:" not in text(app)
    assert "mute" not in app.query_params
    app.button(key="lesions_undo").click().run()  # a reset can be taken back too
    assert "Muted: GPU2 50 %." in text(app)
    app.button(key="lesions_undo").click().run()
    assert "Muted:" not in text(app)
    assert "lesions_undo" not in {button.key for button in app.button}
    assert not app.exception


def test_a_lesion_is_one_forward_pass(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars, maps and neighbours come of the same one; the intact answer beside them is the one from before."""
    passes: list[Explorer] = []
    run = Explorer.run

    def noted(explorer: Explorer, *args: Any, **options: Any) -> Any:
        passes.append(explorer)
        return run(explorer, *args, **options)

    monkeypatch.setattr(Explorer, "run", noted)
    build_gallery(tmp_path)
    app.run()
    passes.clear()
    app.slider(key="lesion_gpu2").set_value(50).run()
    assert len(passes) == 1
    for page in ("neighbours", "predict", "kernels", "explore"):
        open_page(app, page)
    assert errors(app) == []
    assert len(passes) == 1


def test_a_share_of_any_layer(app: AppTest) -> None:
    """One slider for all of them: it is where the layer that is chosen has it."""

    def share() -> Any:
        return next(slider for slider in app.slider if (slider.key or "").startswith("lesion_share"))

    app.run()
    share().set_value(25).run()
    app.selectbox(key="lesion_layer").set_value("conv3").run()
    assert share().value == 0
    share().set_value(50).run()
    assert app.query_params["mute"] == "conv1-25~conv3-50"
    muted = app.session_state["view"].lesions.muted(TOY)
    assert {name: len(units) for name, units in muted.items()} == {"conv1": 2, "conv3": 8}
    app.selectbox(key="lesion_layer").set_value("conv1").run()
    assert share().value == 25
    assert errors(app) == []


def test_healed_lesions_stay_healed(app: AppTest) -> None:
    """A folded panel's slider is not drawn anew, so a browser goes on telling what it said before."""
    app.run()
    said = app.slider(key="lesion_gpu2").set_value(50)._widget_state
    app.run()
    app.button(key="lesions_reset").click().run()
    assert app.button(key="lesions_undo").label == "Undo healing"
    app._run(WidgetStates(widgets=[said]))
    assert "Muted:" not in text(app)
    assert app.slider(key="lesion_gpu2_1").value == 0
    app.slider(key="lesion_gpu2_1").set_value(30).run()
    assert "Muted: GPU2 30 %." in text(app)
    assert app.button(key="lesions_undo").label == "Undo"


def test_upload_stays_from_page_to_page(app: AppTest) -> None:
    app.run()
    assert "Cat. The network sees" in text(app)
    app.file_uploader(key="upload_0").upload("my photo.png", photo(), "image/png").run()
    for page in PAGES:
        open_page(app, page)
        assert "my photo.png. The network sees" in text(app), page
        assert errors(app) == []


def test_sample(app: AppTest) -> None:
    app.run()
    app.segmented_control(key="source").set_value("sample").run()
    app.pills(key="sample").set_value("coffee").run()
    assert "Coffee. The network sees" in text(app)
    assert app.query_params["sample"] == "coffee"


def test_sample_by_link(app: AppTest) -> None:
    app.query_params["sample"] = "rocket"
    assert "Rocket. The network sees" in text(app.run())


def test_webcam(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The component is the browser's; here its frame arrives, and then something that is none."""
    frames = iter((photo("JPEG"), b"no picture"))
    monkeypatch.setattr(webcam, "shot", lambda: next(frames))
    monkeypatch.setattr(webcam, "webcam", lambda on_shot: st.button("shot", key="shot", on_click=on_shot))
    app.run()
    app.segmented_control(key="source").set_value("webcam").run()
    app.button(key="shot").click().run()
    assert "Webcam. The network sees" in text(app)
    assert errors(app) == []
    app.button(key="shot").click().run()
    assert "Webcam. The network sees" in text(app)
    assert "This is not a picture that can be read" in errors(app)[0]


def test_a_dropped_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays where it is; only its name and size come."""
    monkeypatch.setattr(st, "session_state", {canvas.KEY: {"file": {"name": "film.mov", "size": 1 << 30}}})
    with pytest.raises(ValueError, match=r"^film\.mov is larger than 20 MB\.$"):
        canvas.dropped()
    st.session_state[canvas.KEY]["file"] = {"name": "a.png", "bytes": "AAEC"}
    assert canvas.dropped() == ("a.png", b"\x00\x01\x02")


def test_present(app: AppTest) -> None:
    app.run()
    app.button(key="present").click().run()
    assert app.query_params["present"] == "1"
    open_page(app, "kernels")
    assert app.button(key="present").label == "Leave presenting"
    assert "language" not in {button.key for button in app.button}
    assert "This picture took" not in text(app)
    app.button(key="present").click().run()
    assert "present" not in app.query_params
    assert not app.exception


def test_missing_model_file(app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "gone" / "model.onnx"))
    app.run()
    for page in PAGES:
        open_page(app, page)
        assert not app.exception
        assert any("There is no model file at" in error for error in errors(app)), page


def test_bad_upload_is_a_sentence_and_loses_nothing(app: AppTest) -> None:
    app.run()
    app.file_uploader(key="upload_0").upload("broken.png", b"broken", "image/png").run()
    assert errors(app) == [
        "This is not a picture that can be read; choose a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file. The picture before stays."
    ]
    assert "Cat. The network sees" in text(app)
    app.file_uploader(key="upload_1").upload("good.png", photo(), "image/png").run()  # a box of its own, and empty
    assert errors(app) == []
    assert "good.png. The network sees" in text(app)


def test_no_model(app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("app.state.MODELS", tmp_path / "nowhere")
    monkeypatch.delenv("ALEXNET_MODEL")
    for page in PAGES:
        app.run()
        open_page(app, page)
        assert not app.exception
        assert all("There is no model to open. Put a model.onnx into" in error for error in errors(app)), page
        assert errors(app)
    assert "import_torchvision" in {button.key for button in app.button}  # the page Model is the last; it brings one in


def test_model_that_is_none(app: AppTest, tmp_path: Path) -> None:
    (tmp_path / "toy" / "model.onnx").write_bytes(b"nothing")
    app.run()
    assert not app.exception
    assert "model.onnx is not an AlexNet file of this project; make one with python -m model.export." in errors(app)


def build_gallery(tmp_path: Path, name: str = "photos") -> None:
    write_class_folders(tmp_path, name, 4, 2)
    build(tmp_path / "toy" / "model.onnx", tmp_path / name, tmp_path / "galleries" / name)


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


@pytest.mark.parametrize("page", PAGES)
def test_what_nobody_expected_is_one_sentence(
    app: AppTest, page: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page fails; the picture, the navigation and the other pages do not, and the log has the story."""
    app.run()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("It rains.")

    monkeypatch.setattr("streamlit.subheader", fail)
    open_page(app, page)
    assert "RuntimeError: It rains." in caplog.text
    assert not app.exception
    assert errors(app) == [
        "Something went wrong here. Reload the page; if it happens again, the server's log says more."
    ]
    assert "Cat. The network sees" in text(app)


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


def test_card_is_shown(app: AppTest, tmp_path: Path) -> None:
    app.run()
    open_page(app, "model")
    assert "This model has no card" in text(app)
    card = (
        '{"num_epochs": 3, "recipe": {"name": "toy"}, "data": "7 pictures", "hours": 1.25, "hardware": "a CPU",'
        ' "commit": "abc", "limits": ["It knows nothing."], "one_crop": {"top1_error": 12.345, "top5_error": 1,'
        ' "num_images": 7854}, "ten_crop": {"top1_error": 11, "top5_error": 0.5},'
        ' "trained_before": [{"recipe": "half", "epochs": 32}, {"recipe": "other", "epochs": 17.5}]}'
    )
    (tmp_path / "toy" / "card.json").write_text(card)
    open_page(app, "model")
    assert "3 epochs in 1.2 hours on a CPU" in text(app)
    assert "but with trained weights: half (32 epochs), other (17.5 epochs)." in text(app)
    assert "7,854 pictures: one crop 12.35 / 1.00 %, ten crops 11.00 / 0.50 %" in text(app)
    assert "It knows nothing." in text(app)


def test_a_card_of_two_networks_side_by_side(app: AppTest, tmp_path: Path) -> None:
    before = [{"recipe": name, "epochs": 7, "side": side} for name, side in (("a", 1), ("b", 2), ("c", 2))]
    error = {"top1_error": 1.0, "top5_error": 0.0, "num_images": 9}
    card = {
        "num_epochs": 3, "recipe": {"name": "toy"}, "data": "7 pictures", "hours": 1, "hardware": "a CPU", "commit": "abc",
        "limits": [], "one_crop": error, "ten_crop": error, "trained_before": [*before, {"recipe": "d", "epochs": 2}],
    }  # fmt: skip
    app.run()
    (tmp_path / "toy" / "card.json").write_text(json.dumps(card))
    open_page(app, "model")
    assert "that were trained apart, a (7 epochs) and b (7 epochs), c (7 epochs), were put side by side" in text(app)
    assert "Then it was trained as d (2 epochs)." in text(app)


def test_report_is_shown(app: AppTest, tmp_path: Path) -> None:
    app.run()
    classes = [{"name": name, "num_images": 2, "top1_error": 50.0, "top5_error": 0.0} for name in "abcdef"]
    errors = {"num_images": 12, "top1_interval": [40.0, 60.0], "top5_interval": [0.0, 25.125]}
    report = {"views": "one crop", "errors": errors, "per_class": classes, "confusion_matrix": [[1] * 6] * 6}
    (tmp_path / "toy" / "report.json").write_text(json.dumps(report))
    open_page(app, "model")
    assert "one crop on 12 validation pictures" in text(app)
    assert "between 40.00 and 60.00 %, the top-5 error between 0.00 and 25.12 %" in text(app)


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


def shared_units(app: AppTest) -> list[int]:
    """Numbers, from 1, of the fc7 units that the query and its neighbour are said to share."""
    html = " ".join(str(getattr(one, "value", "")) for one in app.get("html"))
    return [int(number) for number in re.findall(r"unit (\d+)<", html)]


def test_folded_panels_are_made_when_they_are_opened(app: AppTest, tmp_path: Path) -> None:
    build_gallery(tmp_path)
    app.run()
    open_page(app, "neighbours")
    assert not [one for one in app.button if one.key == "gallery_build"]
    assert not [one for one in app.get("download_button") if "take_npz" in one.proto.id]
    app.session_state["gallery_build_title"] = app.session_state["take"] = True  # as a click does
    app.run()
    assert errors(app) == []
    assert [one.key for one in app.button if one.key == "gallery_build"]
    assert [one for one in app.get("download_button") if "take_npz" in one.proto.id]
