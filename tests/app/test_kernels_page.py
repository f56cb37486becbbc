"""The Kernels page over toy networks: what it says, with and without a history, on one tower and on two."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.components.story import moment_words
from app.kernel_spreads import Bar, Spread
from app.text import speaking, table
from model import onnx_file
from model.history import History, Pictures
from model.kernels import fit_gabors
from model.layers import CODE_2012, ONE_TOWER, Config
from tests.app.frame import FRAME, errors, open_page, text
from tests.toys import TOY, small, write_toy


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "model.onnx"))
    return tmp_path


def opened(folder: Path, config: Config = TOY) -> AppTest:
    write_toy(folder / "model.onnx", config)
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    open_page(app, "kernels")
    assert not app.exception
    return app


def write_history(folder: Path, kernels: int = TOY.kernels[0], pictures: Pictures | None = None) -> None:
    ranges = np.zeros(2, np.float32), np.ones(2, np.float32)
    errors = np.asarray([[np.nan, np.nan], [40.0, 10.0]], np.float32)
    codes = np.zeros((2, kernels, 11, 11, 3), np.uint8)
    told = History(
        epochs=np.asarray([0.0, 3.0]), codes=codes, lows=ranges[0], highs=ranges[1], errors=errors, pictures=pictures
    )
    told.write(folder / "history.npz")


def two_pictures(ids: tuple[str, ...] = ("n0", "n1", "n2", "n3", "n4", "n5")) -> Pictures:
    """Of classes 1 and 2: the first is missed at the start, then right; the second is third at last."""
    guesses = np.asarray([[[0, 1, 2, 3, 4], [0, 1, 3, 4, 5]], [[1, 0, 2, 3, 4], [0, 1, 2, 3, 4]]])
    numbers = np.asarray([1, 2])
    places = np.asarray([[[-0.6, 0], [0.6, 0]], [[-1, 0.5], [1, 0.5]]], np.float32)
    return Pictures(
        class_ids=ids, labels=numbers, rows=10 * numbers, marks=numbers.astype(np.uint32), guesses=guesses,
        probabilities=np.full(guesses.shape, 0.125, np.float32), places=places,
    )  # fmt: skip


def test_two_towers_are_compared(folder: Path) -> None:
    app = opened(folder)
    assert errors(app) == []
    assert "conv1 kernel 1 on GPU1" in text(app)
    assert "Here the mean colour selectivity is" in text(app)
    assert "no luminance at all: GPU1 4 kernels, median ." in text(app)
    assert "This model carries no history of its training" in text(app)


def test_one_tower_has_nothing_to_compare(folder: Path) -> None:
    app = opened(folder, small(ONE_TOWER))
    assert errors(app) == []
    assert "Here the mean colour selectivity is" not in text(app)
    assert "GPU1" not in text(app)
    assert "kernels, median ." in text(app)


def test_selectivity_is_the_files(folder: Path) -> None:
    app = opened(folder)
    first = onnx_file.read(folder / "model.onnx")[1]["conv1.weight"][0].astype(float)
    share = 1 - float((first.sum(0) ** 2 / 3).sum() / (first**2).sum())
    assert f"Colour selectivity .{round(100 * share):02d}." in text(app)
    assert f"R² of its Gabor fit {fit_gabors(first[None])[0].r2:.2f}.".replace(" 0.", " .") in text(app)


def test_a_kernel_is_muted_where_it_is_looked_at(folder: Path) -> None:
    """Each by itself: another one's slider begins at what it has."""
    app = opened(folder)
    app.slider(key="kernel_lesion").set_value(40).run()
    assert "Muted: conv1 unit 1 40 %." in text(app)
    assert app.query_params["mute"] == "conv1.1-40"
    app.query_params["kernel"] = "3"
    app.run()
    (slider,) = (one for one in app.slider if one.label == "Mute kernel 3")
    assert slider.value == 0
    slider.set_value(100).run()
    assert "Muted: conv1 unit 1 40 %, conv1 unit 3 100 %." in text(app)
    assert [np.flatnonzero(gain != 1).tolist() for gain in gains_of(app).values()] == [[0, 2]]
    assert errors(app) == []


def gains_of(app: AppTest) -> dict[str, Any]:
    """What the network's layers are multiplied by."""
    gains: dict[str, Any] = app.session_state["view"].lesions.gains(TOY)
    return gains


def test_history_beside_the_model(folder: Path) -> None:
    write_history(folder)
    app = opened(folder)
    assert errors(app) == []
    assert "Play shows the same kernels during the training" in text(app)
    assert "these kernels and the validation errors were kept, nothing else" in text(app)


def test_story_beside_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to the browser: the sentences of every moment and the numbers, once, whatever kernel is chosen."""
    write_history(folder, pictures=two_pictures())
    sent: list[bytes] = []
    monkeypatch.setattr("app.components.story._component", lambda data, key: sent.append(data))
    app = opened(folder)
    assert errors(app) == []
    assert "what the network made of 2 validation pictures" in text(app)
    header, rest = unpacked(sent[-1])
    assert header["moments"] == [
        "Before the training: random numbers", "Epoch 3: validation error 40.0 %, top-5 10.0 %",
    ]  # fmt: skip
    assert header["scores"] == [
        "Of 2 pictures 0 are right at the first guess, 1 among the first five.",
        "Of 2 pictures 1 are right at the first guess, 2 among the first five.",
    ]
    assert header["pictures"][0] == {"label": 1, "name": "class 1, validation picture 11"}
    assert len(rest) == 2 * 2 * (2 * 4 + 5 * 4 + 5 * 2) + 2 * TOY.kernels[0] * 11 * 11 * 3
    app.query_params["kernel"] = "3"
    app.run()
    assert sent[-1] == sent[0]


def test_moments_of_an_earlier_training_and_within_an_epoch() -> None:
    errors = np.asarray([[np.nan, np.nan], [40, 10], [np.nan, np.nan], [30, 5]], np.float32)
    ranges, codes = np.zeros(4, np.float32), np.zeros((4, 1, 11, 11, 3), np.uint8)
    told = History(
        epochs=np.asarray([0, 4, 0.5, 1]),
        codes=codes,
        lows=ranges,
        highs=ranges,
        errors=errors,
        num_judged=np.asarray([0, 1000, 0, 0]),
        num_earlier=2,
        from_random=False,
    )
    assert [moment_words(told, moment) for moment in range(4)] == [
        "The start of this training: the weights of another model",
        "Epoch 4 of a training before this one: validation error 40.0 %, top-5 10.0 % (1,000 pictures)",
        "Epoch 0.50",
        "Epoch 1: validation error 30.0 %, top-5 5.0 %",
    ]


def test_two_networks_side_by_side_are_told(folder: Path) -> None:
    (folder / "card.json").write_text('{"trained_before": [{"recipe": "a", "side": 1}]}')
    assert table("en")["kernels_joined"] in text(opened(folder))


def test_story_of_other_classes_is_a_sentence(folder: Path) -> None:
    write_history(folder, pictures=two_pictures(ids=("a", "b", "c", "d", "e", "f")))
    assert errors(opened(folder)) == [
        "The history beside this model belongs to another network; make it anew with python -m training.history."
    ]


def unpacked(data: bytes) -> tuple[dict[str, Any], bytes]:
    """A component's header, and the arrays behind it."""
    end = 4 + int.from_bytes(data[:4], "little")
    return json.loads(data[4:end]), data[end:]


def test_history_of_another_network_is_a_sentence(folder: Path) -> None:
    write_history(folder, kernels=3)
    app = opened(folder)
    assert errors(app) == [
        "The history beside this model belongs to another network; make it anew with python -m training.history."
    ]
    assert "conv1 kernel 1 on GPU1" in text(app)


def test_broken_history_is_a_sentence(folder: Path) -> None:
    (folder / "history.npz").write_bytes(b"broken")
    app = opened(folder)
    assert errors(app) == ["history.npz is no history of this project; make one with python -m training.history."]


@pytest.mark.parametrize("config", [TOY, small(CODE_2012)], ids=["paper", "2012 code"])
def test_bench(folder: Path, config: Config) -> None:
    app = opened(folder, config)
    app.slider(key="kernel_bench_orientation").set_value(90)
    app.slider(key="kernel_bench_frequency").set_value(0.25)
    app.segmented_control(key="kernel_bench_colour").set_value("red_green").run()
    assert not app.exception
    assert errors(app) == []
    assert "2.8 cycles fall into a kernel's window" in text(app)
    assert "as the bars turn, at 0.25 cycles a pixel" in text(app)
    assert "as the bars grow finer, at 90°" in text(app)


def test_no_contrast_leaves_the_biases(folder: Path) -> None:
    """Toy biases are zero: every kernel is silent before a plain picture."""
    app = opened(folder)
    app.slider(key="kernel_bench_contrast").set_value(0).run()
    assert errors(app) == []
    assert f"0.0, and {TOY.kernels[0]} stay silent" in text(app)


def test_a_bar_is_the_kernels_that_it_counts() -> None:
    """Every bar of every GPU: as many kernels as numpy.histogram counts, those of no meaning in none."""
    layer = TOY.layer["conv1"]
    values = np.asarray([0, 0.1, 0.55, 1, np.nan, 0.6, 0.6, 1])
    spread = Spread("selectivity", values, np.linspace(0, 1, 11))
    bars = {
        (tower, bar): spread.kernels(layer, Bar("selectivity", tower, bar)) for tower in (0, 1) for bar in range(10)
    }
    for tower, group in enumerate(spread.groups(layer)):
        counts = np.histogram(group, spread.edges)[0].tolist()
        assert [len(bars[tower, bar]) for bar in range(10)] == counts
    assert bars[0, 9] == {3}
    assert {(bar.tower, bar.number) for bar in spread.bars(layer)} == {place for place, found in bars.items() if found}
    assert {bar.tower for bar in spread.bars(small(ONE_TOWER).layer["conv1"])} == {0}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_bars_are_chosen_by_name_too(folder: Path, lang: str) -> None:
    """Keys do not reach a chart's bars: kernels of two bars of one quantity are ringed, and a bench's bar by its number."""
    words = table(lang)
    write_toy(folder / "model.onnx")
    app = AppTest.from_file(FRAME, default_timeout=60)
    app.query_params["lang"] = lang
    open_page(app.run(), "kernels")
    choice = app.multiselect(key="kernel_bars")
    assert choice.label == words["kernels_spreads_caption"]
    colours = [at for at, name in enumerate(choice.options) if name.startswith(words["kernels_colour"])]
    counts = [int(re.findall(r"\d+", name.replace("GPU1", "").replace("GPU2", ""))[-1]) for name in choice.options]
    assert sum(counts[at] for at in colours) == TOY.kernels[0]  # every kernel has some colour selectivity
    with speaking(lang):  # the test reads options by their words, outside any session
        for at in colours[:2]:
            app.multiselect(key="kernel_bars").select(choice.options[at])
        app.run()
        ringed = words["kernels_marked"].partition("{count}")[0] + str(counts[colours[0]] + counts[colours[1]])
        assert ringed in text(app)
        app.multiselect(key="kernel_bars").set_value([]).run()
        assert words["kernels_marked"].partition("{count}")[0] not in text(app)
        kernels = app.selectbox(key="kernel_bench_kernel")
        answers = [float(re.split("[:：]", name)[1]) for name in kernels.options]
        assert answers == sorted(answers, reverse=True)
        number = int(re.split("[:：]", kernels.options[0])[0])
        kernels.select(kernels.options[0]).run()
    assert words["kernel_title"].format(number=number, gpu=1 + (number > TOY.kernels[0] // 2)) in text(app)
    assert app.query_params.get("kernel", "1") == str(number)
    assert not app.exception
