"""Every page over a toy network: no exceptions, the picture stays, sentences for what goes wrong."""

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from app import address
from app.components import picture as canvas
from app.components import webcam
from model.explorer import Explorer
from model.layers import NO_LRN, ONE_TOWER
from tests.app.frame import PAGES, build_gallery, errors, open_page, photo, text
from tests.toys import TOY, small, write_toy


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


def test_undo_where_the_browser_has_opened_a_layer(app: AppTest) -> None:
    """The address has it, beside the lesions of before."""
    app.run()
    app.slider(key="lesion_gpu2").set_value(50).run()
    app.query_params["layer"] = "conv5"
    app.button(key="lesions_undo").click().run()
    assert "Muted:" not in text(app)


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


def test_back_to_the_first_sample(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address has no sample; an upload stays, since an address has none of that either."""
    monkeypatch.setattr(address, "OUTRUN_SECONDS", 0)
    app.run()
    app.segmented_control(key="source").set_value("sample").run()
    app.pills(key="sample").set_value("coffee").run()
    app.query_params.clear()
    assert "Cat. The network sees" in text(app.run())
    assert app.pills(key="sample").value == "cat"
    app.segmented_control(key="source").set_value("upload").run()
    app.file_uploader(key="upload_0").upload("my photo.png", photo(), "image/png").run()
    app.query_params.clear()
    assert "my photo.png. The network sees" in text(app.run())


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
