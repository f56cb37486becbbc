"""Every lesson over a toy network, in both languages: question, panel, verdict, and the numbers it shows."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace as Facts

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.lessons import augmentation, figure3, figure4_right
from app.lessons.dropout import geometric_mean
from app.lessons.every import LESSONS
from app.lessons.net import whole
from app.lessons.relu import shares
from app.lessons.wrong import CLAIMS, TRUE
from app.text import speaking, table
from app.view import Lesions, View
from model.history import History
from model.layers import BVLC, CAFFENET, CODE_2012, NO_DROPOUT, ONE_TOWER, PAPER, TORCHVISION, Config
from model.preprocess import CENTRE
from tests.app.frame import FRAME, errors, text
from tests.toys import TOY, small, write_toy


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
    if name == "figure4_right":  # the toy has no gallery
        assert words["lessons_unsettled"] in text(app)
    else:
        assert len(said) == 1
        assert words[f"lesson_{name}_option_0"] in said[0]
    assert words[f"lesson_{name}_see"] in text(app)


@pytest.mark.parametrize(
    ("config", "unfit"),
    [(small(NO_DROPOUT), {"dropout"}), (small(CODE_2012), {"lrn"}), (small(TORCHVISION), {"gpus", "figure3", "lrn"}), (small(BVLC), set()), (small(CAFFENET), {"lrn"})],
    ids=["no dropout", "2012 code", "torchvision", "BVLC", "CaffeNet"],
)  # fmt: skip
def test_networks_of_other_shape(app: AppTest, tmp_path: Path, config: object, unfit: set[str]) -> None:
    write_toy(tmp_path / "toy" / "model.onnx", config)  # type: ignore[arg-type]
    for name in LESSONS:
        app = open_lesson(AppTest.from_file(FRAME, default_timeout=60), name, 3)
        assert not app.exception, name
        assert errors(app) == [], name
        assert (table("en").get(f"lesson_{name}_unfit", "no such lesson") in text(app)) == (name in unfit), name
        if name == "wrong":
            for claim in CLAIMS:
                app.segmented_control(key=f"wrong_{claim}").set_value("false")
            app.run()
            assert text(app).count(table("en")["lesson_wrong_unknown"]) >= 4  # nobody wrote down how it was trained
        assert re.findall(r"(?<![\w“”])[?–]", text(app)) == [], name  # what stands for a fact that is missing


def told(config: Config, name: str, tmp_path: Path) -> str:
    """What a lesson says at its end, of a network of some shape."""
    write_toy(tmp_path / "toy" / "model.onnx", config)
    return text(open_lesson(AppTest.from_file(FRAME, default_timeout=60), name, 3))


@pytest.mark.parametrize(("config", "key"), [(BVLC, "doubled"), (PAPER, "halved")], ids=["BVLC", "paper"])
def test_dropout_says_what_is_halved(app: AppTest, tmp_path: Path, config: Config, key: str) -> None:
    assert table("en")[f"lesson_dropout_{key}"] in told(small(config), "dropout", tmp_path)


@pytest.mark.parametrize(
    ("config", "key"), [(BVLC, "across"), (PAPER, "own"), (ONE_TOWER, "one_tower")], ids=["BVLC", "paper", "one tower"]
)
def test_normalisation_says_whose_maps(app: AppTest, tmp_path: Path, config: Config, key: str) -> None:
    assert table("en")[f"lesson_lrn_{key}"] in told(small(config), "lrn", tmp_path)


def test_claims_have_numbers_of_the_network_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALEXNET_MODEL", raising=False)
    app = open_lesson(AppTest.from_file(FRAME, default_timeout=60), "wrong", 2, "zh")
    with speaking("zh"):
        for claim in CLAIMS:
            app.segmented_control(key=f"wrong_{claim}").set_value("false")
        app.run()
    said = text(app)
    assert not app.exception
    assert "最后一次训练为 12 轮，学习率最大为 0.005，最后沿直线降到零" in said
    assert table("zh")["lesson_wrong_unknown"] not in said
    assert said.count(table("zh")["lesson_wrong_published"]) == 1


def test_claims_are_scored(app: AppTest) -> None:
    """Who calls the two true ones true and the others false has all right; who calls everything false does not."""
    open_lesson(app, "wrong", 2)
    count = len(CLAIMS)
    for claim in CLAIMS:
        app.segmented_control(key=f"wrong_{claim}").set_value("false")
    app.run()
    assert f"{count - 2} of {count} right." in text(app)
    assert {"fc6", "work"} == TRUE
    for claim in TRUE:
        app.segmented_control(key=f"wrong_{claim}").set_value("true")
    app.run()
    assert f"{count} of {count} right." in text(app)
    assert "fc6 has 37,752,832 of the 60,965,224" in text(app)
    assert "3.8% of the parameters and 91.9% of the multiplications" in text(app)
    assert "conv3 has 1.45% of them and conv4 1.09%" in text(app)


def test_every_published_table_is_shown(app: AppTest) -> None:
    """The figures are those of the facts that the project holds itself to."""
    open_lesson(app, "results", 2)
    for name, row in (("2010", "37.5"), ("2012", "38.1"), ("ideas", "1.7"), ("since", "43.48")):
        app.segmented_control(key="results_table").set_value(name).run()
        assert not app.exception
        assert row in set(app.dataframe[0].value.iloc[:, 1])


def test_a_field_is_of_its_own_lesions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gains of a thousand units and more look alike when they are printed; the lesions do not."""
    keys: list[tuple[str, ...]] = []
    monkeypatch.setattr(augmentation, "_field", lambda key, *_: keys.append(key))
    gains = np.ones(4096, np.float32)
    monkeypatch.setattr(
        augmentation, "answers", Facts(activations=lambda edited: {"prob": np.ones(1)}, gains=lambda: {"fc6": gains})
    )
    for unit in (2001, 2002, 2001):
        seen = Facts(
            view=lambda unit=unit: View(lesions=Lesions({f"fc6.{unit}": 1.0})), crop_view=lambda: CENTRE,
            model_key=lambda: "model", picture=lambda: Facts(key="cat"), edited_square=lambda: None,
            explorer=lambda: Facts(config=Facts(crop_px=224)),
        )  # fmt: skip
        monkeypatch.setattr(augmentation, "state", seen)
        augmentation._of_first_choice(4)
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


def test_geometric_mean_by_hand() -> None:
    nets = np.array([[0.8, 0.2], [0.2, 0.8], [0.5, 0.5]], np.float32)
    assert geometric_mean(nets) == pytest.approx([0.5, 0.5])
    one_sided = geometric_mean(np.array([[0.9, 0.1], [0.4, 0.6]], np.float32))
    assert one_sided == pytest.approx([0.6 / (0.6 + 0.06**0.5), 0.06**0.5 / (0.6 + 0.06**0.5)])  # sqrt(.36), sqrt(.06)


@pytest.mark.parametrize(("name", "layer"), [("relu", "conv1"), ("lrn", "conv1"), ("pooling", "norm1")])
def test_a_lessons_unit_is_in_the_link(app: AppTest, name: str, layer: str) -> None:
    for part, value in {"layer": layer, "unit": "3"}.items():
        app.query_params[part] = value
    open_lesson(app, name, 2)
    slider = app.slider(key=f"unit_of_{layer}")
    assert slider.value == 3
    slider.set_value(5).run()
    assert app.query_params["unit"] == "5"
    assert app.query_params.get("layer", "conv1") == layer
    assert app.slider(key=f"unit_of_{layer}").value == 5


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


def test_without_histories_the_quiz_says_so(app: AppTest) -> None:
    open_lesson(app, "figure3", 2)
    assert table("en")["lesson_figure3_no_history"] in text(app)


def test_the_quiz_starts_at_the_end_of_each_run_and_keeps_the_kernel_that_it_judged(
    app: AppTest, tmp_path: Path
) -> None:
    """Two runs, of four moments and of two, one of a narrower net: the slider begins at either's last, and all are asked for."""
    ends = {1: 30, 2: 7}
    counts = {1: TOY.kernels[0], 2: TOY.kernels[0] // 2}
    write_run(tmp_path / "toy" / "history.npz", [0, 1, 2, 30])
    write_run(tmp_path / "toy" / "history_seed1.npz", [0, 7], counts[2])
    open_lesson(app, "figure3", 2)
    asked = set()
    for number in range(12):
        run = next(
            run
            for run in ends
            if table("en")["lesson_figure3_which"].format(seed=run, seeds=2, count=counts[run]) in text(app)
        )
        slider = app.select_slider(key=f"figure3_moment_{number}")
        count = len(slider.options)
        assert slider.options[-1] == f"{count} of {count}: Epoch {ends[run]}: validation error 9.0 %, top-5 9.0 %"
        assert slider.value == len(slider.options) - 1
        slider.set_value(0).run()
        app.button(key="figure3_gpu1").click().run()
        judged = re.search(r"kernel (\d+) of run (\d) is on GPU(\d)\.", text(app))
        assert judged
        kernel, seed, gpu = map(int, judged.groups())
        assert seed == run
        assert gpu == 1 + (kernel > counts[run] // 2)
        assert ("Right:" in text(app)) == (gpu == 1)
        asked.add((seed, kernel))
    assert not app.exception
    assert len(asked) > 4


def test_every_moment_of_a_training_after_another_can_be_chosen(app: AppTest, tmp_path: Path) -> None:
    """Epoch 2 is there twice: a slider whose positions have the same words knows only the last of them."""
    write_run(tmp_path / "toy" / "history.npz", [0, 2, 1, 2], num_earlier=2)
    open_lesson(app, "figure3", 2)
    slider = app.select_slider(key="figure3_moment_0")
    assert len(set(slider.options)) == 4
    assert slider.options[1].startswith("2 of 4: Epoch 2 of a training before this one")
    for moment in range(4):
        app.select_slider(key="figure3_moment_0").set_value(moment).run()
        assert app.select_slider(key="figure3_moment_0").value == moment


def test_the_colour_of_two_networks_side_by_side(app: AppTest, tmp_path: Path) -> None:
    write_run(tmp_path / "toy" / "history.npz", [0, 1])
    open_lesson(app, "figure3", 3)
    assert table("en")["lesson_figure3_joined"] not in text(app)
    (tmp_path / "toy" / "card.json").write_text('{"trained_before": [{"recipe": "a", "side": 1}], "curve": []}')
    app.run()
    assert table("en")["lesson_figure3_joined"] in text(app)
    assert not app.exception


def test_layers_that_talk_across_are_counted(app: AppTest, tmp_path: Path) -> None:
    """Four in the paper's net; three without the cross-talk, which is no answer that could be chosen."""
    assert "Four" in table("en")["lesson_gpus_option_2"]
    for config, key in ((TOY, "lessons_unanswered"), (replace(TOY, conv3_reads_both=False), "lessons_unsettled")):
        write_toy(tmp_path / "toy" / "model.onnx", config)
        app = open_lesson(AppTest.from_file(FRAME, default_timeout=60), "gpus", 3)
        assert [one.value for one in app.info] == [table("en")[key].format(right=table("en")["lesson_gpus_option_2"])]


def test_nothing_is_left_to_normalise(app: AppTest) -> None:
    app.query_params["mute"] = "conv1-100"
    open_lesson(app, "lrn", 3)
    assert errors(app) == []
    assert not app.exception


def test_neighbours_verdict_is_of_the_picture_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of its six are of the class named first, also when a neighbour was clicked that has none such."""
    rows = {"mine": [0, 0, 0, 1, 1, 1], "clicked": [1] * 6}
    shown = Facts(class_names=("cat", "dog"), labels=[0, 1])
    near = lambda of, asked, layer, k: [Facts(row=row) for row in rows[asked]]  # noqa: E731
    asking = Facts(gallery=lambda: shown, query=lambda _: "clicked", in_use=lambda: "mine", nearest=near)
    seen = Facts(top=lambda _: [Facts(name="cat")])
    monkeypatch.setattr(figure4_right, "galleries", asking)
    monkeypatch.setattr(figure4_right, "answers", Facts(activations=lambda: seen))
    assert figure4_right.right() == 1


def test_controls_are_those_that_were_run(app: AppTest) -> None:
    """Four networks, 48 kernels each; the means are those of the file's columns."""
    with figure3.CONTROLS.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 48
    open_lesson(app, "figure3", 3)
    shown = app.dataframe[1].value
    names = dict.fromkeys(row["run"] for row in rows)
    assert shown["Network"].tolist() == [table("en")[f"lesson_figure3_{name}"] for name in names]
    for name, mean in zip(names, shown["GPU2"], strict=True):
        second = [float(row["colour_selectivity"]) for row in rows if row["run"] == name and int(row["kernel"]) > 24]
        assert float(mean) == pytest.approx(sum(second) / 24, abs=0.005001)


def write_run(path: Path, epochs: list[int], kernels: int = TOY.kernels[0], num_earlier: int = 0) -> None:
    count = len(epochs)
    codes = np.random.default_rng(0).integers(0, 256, (count, kernels, 11, 11, 3), np.uint8)
    lows, highs, errors = np.zeros(count, np.float32), np.ones(count, np.float32), np.full((count, 2), 9, np.float32)
    told = History(
        epochs=np.asarray(epochs), codes=codes, lows=lows, highs=highs, errors=errors, num_earlier=num_earlier
    )
    told.write(path)


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


@pytest.mark.parametrize(("counts", "is_said"), [((1000, 1000), True), ((1000, 2000), False)])
def test_errors_of_a_part_say_of_how_many(counts: tuple[int, int], is_said: bool, app: AppTest, tmp_path: Path) -> None:
    row = {"lr": 0.01, "train_loss": 1.0, "val_top1_error": 50.0, "val_top5_error": 10.0}
    curve = [{"epoch": epoch, **row, "num_judged": count} for epoch, count in enumerate(counts, 1)]
    (tmp_path / "toy" / "card.json").write_text(json.dumps({"curve": curve}))
    open_lesson(app, "update", 3)
    assert ("Each is of 1,000 pictures." in text(app)) == is_said
    assert "Validation error by epoch" in text(app)
