"""The Predict page over toy networks: what it says is what the networks say."""

import dataclasses
import re
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import answers, samples, state
from app.figures import probability_text
from app.grad_cam_panel import last_convolution
from app.occlusion_job import Finished, Job, Wanted
from app.samples import sample_path
from app.view import View as Sight
from model import onnx_file, preprocess
from model.colours import colour_components
from model.explorer import Activations, Explorer
from model.layers import CONV6, PAPER, WITHOUT_CONV5, Config
from model.occlusion import occlude
from model.preprocess import View
from tests.toys import small, write_toy

FRAME = str(Path(__file__).parents[2] / "app" / "frame.py")


class FakeWorkshop:
    """Answers at once with what it was told to answer."""

    def __init__(self, job: Any) -> None:
        self.job, self.asked = job, list[dict[str, Any]]()

    def submit(self, model_path: Path, method: str, **arguments: Any) -> Any:
        self.asked.append({"method": method, **arguments})
        return self.job


class FakeJob:
    def __init__(self, job_state: str, result: Any = None, error: str | None = None) -> None:
        self.state, self.result, self.error = job_state, result, error

    def wait(self, timeout: float) -> bool:
        return True

    def cancel(self) -> None:
        self.state = "cancelled"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toy network, and no other."""
    path = tmp_path / "models" / "toy" / "model.onnx"
    path.parent.mkdir(parents=True)
    write_toy(path)
    monkeypatch.setattr(state, "MODELS", tmp_path / "models")
    monkeypatch.delenv("ALEXNET_MODEL", raising=False)
    return path


@pytest.fixture
def app(model: Path) -> AppTest:
    return AppTest.from_file(FRAME, default_timeout=60)


def open_page(app: AppTest, **address: str) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("views/predict.py")
    app.run()
    assert not app.exception
    assert [error.value for error in app.error] == []
    return app


def text(app: AppTest) -> str:
    return " ".join(str(element.value) for kind in (app.caption, app.markdown) for element in kind)


def html(app: AppTest) -> str:
    return " ".join(str(element.proto.body) for element in app.get("html"))


def seen(model: Path, view: View | None = None) -> Activations:
    return Explorer.open(model, "cpu").run(sample_path("cat"), None, view or View())


def test_it_is_said_when_no_class_fits_a_sample(app: AppTest, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "None of its classes names what is in this picture"
    assert sentence in text(open_page(app))  # the toy knows no cat
    monkeypatch.setitem(samples.NAMED, "cat", {Explorer.open(model, "cpu").class_ids[2]})
    assert sentence not in text(open_page(app))


def test_samples_that_shipped_models_know() -> None:
    """tiny200 has three of the cats, and the espresso; imagenet20 none of any."""
    known = {
        name: set(Explorer.open(state.MODELS / name / "model.onnx").class_ids) for name in ("tiny200", "imagenet20")
    }
    assert len(samples.NAMED["cat"] & known["tiny200"]) == 3
    assert samples.NAMED["coffee"] & known["tiny200"] >= {"n07920052"}
    assert not set().union(*samples.NAMED.values()) & known["imagenet20"]
    assert samples.NAMED.keys() == samples.FILES.keys()


def give_covariance(model: Path) -> None:
    """Reds vary by 20 grey levels, greens by 10, blues by 5."""
    info, weights = onnx_file.read(model)
    onnx_file.write(model, dataclasses.replace(info, covariance=np.diag([400.0, 100.0, 25.0])), weights)


def effect(model: Path, view: View) -> str:
    """What the page has to say of the unedited picture's first choice."""
    first = seen(model).top(1)[0]
    now = {one.class_id: one.probability for one in seen(model, view).top(6)}[first.class_id]
    return f"**{first.name}**: {probability_text(first.probability)} unedited, {probability_text(now)} now."


def test_mirror_and_shift(app: AppTest, model: Path) -> None:
    open_page(app)
    assert "unedited" not in text(app)
    app.toggle(key="edits_mirror").set_value(True).run()
    assert effect(model, View(mirror=True)) in text(app)
    app.slider(key="edits_down").set_value(-16).run()
    app.slider(key="edits_right").set_value(9).run()
    assert effect(model, View(0, 25, True)) in text(app)
    app.button(key="edits_reset").click().run()
    assert "unedited" not in text(app)
    assert app.slider(key="edits_down").value == 0
    assert app.toggle(key="edits_mirror").value is False


def test_colours(app: AppTest, model: Path) -> None:
    give_covariance(model)
    open_page(app)
    app.slider(key="edits_alpha_0").set_value(0.3).run()
    app.slider(key="edits_alpha_2").set_value(-0.2).run()
    red, green, blue = colour_of(app, model)
    assert (abs(red), green, abs(blue)) == pytest.approx((6, 0, 1))  # 0.3 times 20, 0.2 times 5
    assert f"red {red:+.1f}, green {green:+.1f}, blue {blue:+.1f}" in text(app)
    assert effect(model, View(colour=(red, green, blue))) in text(app)


def colour_of(app: AppTest, model: Path) -> tuple[float, float, float]:
    edits = app.session_state["view"].edits
    covariance = onnx_file.read(model)[0].covariance
    assert covariance is not None
    colour: tuple[float, float, float] = edits.crop_view(colour_components(covariance, "stdev")).colour
    return colour


def test_sharp_picture_for_a_network_of_small_ones(app: AppTest, model: Path) -> None:
    """The page's answer is that for the softened picture, and the page says so."""
    open_page(app)
    assert "as soft as" not in text(app)
    info, weights = onnx_file.read(model)
    onnx_file.write(model, dataclasses.replace(info, detail_px=64), weights)
    app.run()
    assert "It learned from pictures of 64 pixels and sees this one as soft as those." in text(app)
    softened = Explorer.open(model, "cpu").run(sample_path("cat"))
    assert softened["prob"].tolist() != Explorer.open(model, "cpu").run(plain_square())["prob"].tolist()
    assert probability_text(softened.top(1)[0].probability) in html(app)
    app.toggle(key="edits_mirror").set_value(True).run()
    assert effect(model, View(mirror=True)) in text(app)


def plain_square() -> Any:
    return preprocess.to_square(preprocess.read_picture(sample_path("cat")))


def test_no_covariance_is_a_sentence(app: AppTest) -> None:
    open_page(app, colour="0.1~0~0")
    assert "This model's file does not say how the colours" in text(app)
    assert not [slider for slider in app.slider if "alpha" in str(slider.key)]


def test_alphas_of_a_link_beyond_the_sliders(app: AppTest, model: Path) -> None:
    give_covariance(model)
    open_page(app, colour="5~0~-5")
    assert app.slider(key="edits_alpha_0").value == 0.3
    assert app.slider(key="edits_alpha_2").value == -0.3


def test_ten_crops_by_link(app: AppTest) -> None:
    app.query_params["ten"] = "1"
    app.run()
    app.switch_page("views/predict.py").run()
    assert app.toggle(key="ten").value
    app.toggle(key="ten").set_value(False).run()
    assert "ten" not in app.query_params


def test_ten_crops_vote(app: AppTest, model: Path) -> None:
    info, weights = onnx_file.read(model)
    onnx_file.write(
        model, dataclasses.replace(info, classes=tuple((f"n{i}", f"<i>{i}</i> & _{i}_") for i in range(6))), weights
    )
    open_page(app)
    assert "<li>" not in html(app)
    app.toggle(key="ten").set_value(True).run()
    assert not app.exception
    said, ten = html(app), Explorer.open(model, "cpu").run_ten_crops(sample_path("cat"))
    assert said.count("<li>") == said.count("<img") == 10
    for votes in ten.views:
        i = int(votes.argmax())
        assert f"&lt;i&gt;{i}&lt;/i&gt; &amp; _{i}_ <b>{probability_text(float(votes[i]))}</b>" in said
    agreeing = (ten.views.argmax(1) == ten.mean.argmax()).sum()
    assert f"{agreeing} of 10 crops have its first choice" in text(app)


def compute_occlusion(app: AppTest) -> None:
    app.button(key="occlusion_start").click().run()
    for _ in range(100):
        if not app.session_state["occlusion_job"]:
            break
        time.sleep(0.2)
        app.run()
    assert not app.exception


def occlusion_caption(model: Path, index: int) -> str:
    made = occlude(Explorer.open(model, "cpu"), seen(model).crop, patch_px=64, stride_px=16)
    assert made is not None
    values = made.probabilities[:, :, index]
    now, least, most = map(probability_text, (float(seen(model)["prob"][index]), values.min(), values.max()))
    return f"takes “class {index}” from {now} down, to {least} at the brightest; at the darkest it is {most}."


def test_occlusion(app: AppTest, model: Path) -> None:
    """Computed once for all classes, kept from page to page, pale when the picture is another."""
    open_page(app)
    app.selectbox(key="occlusion_patch").set_value(64).run()
    assert "Hides 121 places" in text(app)
    compute_occlusion(app)
    best = [int(one.class_id[1:]) for one in seen(model).top(6)]
    assert occlusion_caption(model, best[0]) in text(app)
    app.pills(key="why_first").set_value(f"n{best[3]}").run()
    assert occlusion_caption(model, best[3]) in text(app)
    app.selectbox(key="why_other").set_value(f"n{best[5]}").run()
    assert occlusion_caption(model, best[5]) in text(app)
    app.switch_page("views/kernels.py").run()
    app.switch_page("views/predict.py").run()
    assert occlusion_caption(model, best[5]) in text(app)
    assert "The pale map" not in text(app)
    app.toggle(key="edits_mirror").set_value(True).run()
    assert "The pale map" in text(app)
    assert app.button(key="occlusion_start")


def test_occlusion_that_fails(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("It rains.")

    open_page(app)
    monkeypatch.setattr("app.occlusion_panel.occlude", fail)
    compute_occlusion(app)
    assert [error.value for error in app.error] == ["It rains."]


def test_a_job_stops_when_told() -> None:
    begun = threading.Event()

    def work(job: Job) -> Finished | None:
        begun.set()
        for done in range(1000):
            if not job.go_on(done, 1000):
                return None
            time.sleep(0.01)
        raise AssertionError("never told")

    job = Job(Wanted("model", "picture", 32, 16), 1000)
    job.start(work)
    assert begun.wait(5)
    assert not job.is_over
    job.cancel()
    for _ in range(500):
        if job.is_over:
            break
        time.sleep(0.01)
    assert job.is_over
    assert (job.finished, job.error) == (None, "")
    assert job.done < 999


def test_grad_cam(app: AppTest, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = FakeWorkshop(FakeJob("done", np.eye(13, dtype=np.float32) * 0.25))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    open_page(app, mute="gpu2-50")
    assert shop.asked == []
    app.toggle(key="cam").set_value(True).run()
    assert "the 13 x 13 values of conv5 speak for" in text(app)
    assert "up to 0.25;" in text(app)
    (asked,) = shop.asked
    assert asked["method"] == "grad_cam"
    np.testing.assert_array_equal(asked["crop"], seen(model).crop)
    assert {name: int((gain == 0).sum()) for name, gain in asked["gains"].items()}["conv1"] == 2
    app.run()
    assert len(shop.asked) == 1  # kept


def test_grad_cam_of_nothing(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "workshop", lambda: FakeWorkshop(FakeJob("done", np.zeros((13, 13), np.float32))))
    open_page(app)
    app.toggle(key="cam").set_value(True).run()
    assert "All is 0: no place in conv5 speaks for this class." in text(app)


def test_grad_cam_that_fails(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = FakeWorkshop(FakeJob("failed", error="It rains."))
    monkeypatch.setattr(answers, "workshop", lambda: shop)
    open_page(app)
    app.toggle(key="cam").set_value(True).run()
    assert [error.value for error in app.error] == ["Grad-CAM failed: It rains."]
    shop.job = FakeJob("done", np.eye(13, dtype=np.float32))
    app.button(key="cam_again").click().run()
    assert "the 13 x 13 values of conv5 speak for" in text(app)


def test_grad_cam_cancelled(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "workshop", lambda: FakeWorkshop(FakeJob("running")))
    open_page(app)
    app.toggle(key="cam").set_value(True).run()
    assert "Computing, 0 s so far." in text(app)
    app.button(key="cam_cancel").click().run()
    assert "Cancelled." in text(app)


def test_two_models(app: AppTest, model: Path) -> None:
    open_page(app)
    assert "There is one model here." in text(app)
    other = model.parents[1] / "zoo" / "model.onnx"
    other.parent.mkdir()
    write_toy(other, seed=1)
    app.run()
    app.selectbox(key="beside").set_value("zoo").run()
    assert app.session_state["view"].to_address()["beside"] == "zoo"
    assert "**toy**" in text(app)
    assert "**zoo**" in text(app)
    assert text(app).count("Forward pass") == 2
    assert charts(app)[-2:] == [names(model), names(other)]


def names(model: Path) -> list[str]:
    return [one.name for one in seen(model).top(5)]


def charts(app: AppTest) -> list[list[str]]:
    """The classes beside every chart's bars."""
    pages = [element.proto.body for element in app.get("html")]
    return [found for found in (re.findall(r'class="name">([^<]*)<', page) for page in pages) if found]


def test_a_second_model_that_is_none(app: AppTest, model: Path) -> None:
    other = model.parents[1] / "zoo" / "model.onnx"
    other.parent.mkdir()
    other.write_bytes(b"nothing")
    app.query_params["beside"] = "zoo"
    app.run()
    app.switch_page("views/predict.py").run()
    assert not app.exception
    assert any("is not an AlexNet file of this project" in error.value for error in app.error)
    assert text(app).count("Forward pass") == 1


def test_address_of_class_and_second_model() -> None:
    parts = {"class": "n02123045", "beside": "tiny"}
    sight = Sight.from_address(parts)
    assert (sight.class_id, sight.beside) == ("n02123045", "tiny")
    assert sight.to_address() == parts


def test_a_class_that_this_model_does_not_know(app: AppTest, model: Path) -> None:
    open_page(app, **{"class": "n999"})
    assert app.pills(key="why_first").value == seen(model).top(1)[0].class_id


@pytest.mark.parametrize(("config", "name"), [(PAPER, "conv5"), (CONV6, "conv5"), (WITHOUT_CONV5, "conv4")])
def test_layer_that_grad_cam_reads(config: Config, name: str) -> None:
    assert last_convolution(config).name == name


def test_page_of_a_variant(app: AppTest, model: Path) -> None:
    write_toy(model, small(WITHOUT_CONV5))
    open_page(app, mute="conv5-50~gpu1-20", mirror="1")
    assert text(app).count("unedited") >= 2


def test_explore_shows_the_intact_network_beside(app: AppTest, model: Path) -> None:
    app.query_params["mute"] = "conv1-100"
    app.run()
    assert not app.exception
    assert "Outlines: the intact network." in text(app)
