"""Figure 3: which GPU learned this kernel? A quiz from the history of every seed that there is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import card, state
from app.components.story import moment_words
from app.figures import enlarged
from app.lessons import Lesson
from app.tables import table
from app.text import t
from model.history import History
from model.kernels import colour_selectivity, difference
from model.layers import Config

CONTROLS = state.MODELS.parent / "selectivity.csv"
Doubles = npt.NDArray[np.float64]
SIDE_PX = 440
LAST_PX = 66


@dataclass(frozen=True)
class Answered:
    """A kernel that was asked about, and whether its GPU was named."""

    run: int
    kernel: int
    is_right: bool


@dataclass(frozen=True)
class Score:
    """How the quiz stands."""

    asked: int = 0
    right: int = 0
    last: Answered | None = None


def histories() -> list[History]:
    """The kernels' histories beside the model, one a seed, that of a narrower net too; those of other windows are left out."""
    paths = sorted(state.model_path().parent.glob("history*.npz"), key=lambda path: (len(path.name), path.name))
    shape = state.explorer().weights["conv1.weight"].shape[1:]
    found = [card.history_in(path) for path in paths if _whole(path)]
    return [one for one in found if one.kernels(-1).shape[1:] == shape]


def _whole(path: Path) -> bool:
    try:
        card.history_in(path)
    except ValueError:
        return False  # the page Kernels says so
    return True


def _selectivities() -> list[tuple[Doubles, Doubles]]:
    """Colour selectivity of GPU1's kernels and of GPU2's, for every seed."""
    kernels = [one.kernels(-1) for one in histories()] or [state.explorer().weights["conv1.weight"]]
    return [(one[: len(one) // 2], one[len(one) // 2 :]) for one in map(colour_selectivity, kernels)]


def right() -> int:
    """More colour on GPU1, on GPU2, or not to be told: in the network in use."""
    found = difference(*_selectivities()[0])
    return 2 if not found.is_told else 1 if found.mean > 0 else 0


def panel() -> None:
    """A kernel, the moment of its training, and two buttons."""
    runs = histories()
    if not runs:
        st.info(t("lesson_figure3_no_history"))
        return
    score = _score()
    run, kernel = _question(runs, score.asked)
    shown, about = st.columns([1, 2], gap="large")
    with about:
        moment = _moment(runs[run], score.asked)
        st.write(t("lesson_figure3_which", seed=run + 1, seeds=len(runs), count=len(runs[run].codes[0])))
        with st.container(horizontal=True):
            for gpu in (0, 1):
                st.button(
                    f"GPU{gpu + 1}",
                    key=f"figure3_gpu{gpu + 1}",
                    on_click=_answer,
                    args=(run, kernel, _gpu_of(runs[run], kernel) == gpu),
                )
        if score.last and score.last.run < len(runs):  # another model may have fewer
            _verdict(runs, score.last)
            st.caption(t("lesson_figure3_score", right=score.right, asked=score.asked))
        else:
            st.markdown(t("lesson_figure3_start"))
    with shown:
        picture = enlarged(runs[run].codes[moment, kernel], SIDE_PX)
        st.image(picture, output_format="PNG", width="stretch", alt=t("lesson_figure3_alt"))


def _moment(run: History, number: int) -> int:
    """Which moment of a run is shown, at first its last: for each question anew, since runs are not equally long."""
    count = len(run.epochs)
    if count == 1:
        return 0

    def words(at: int) -> str:  # epochs of a training before may be the same: no two positions may have the same words
        return t("lesson_figure3_moment", number=at + 1, count=count, what=moment_words(run, at))

    moment: int = st.select_slider(
        t("kernels_slider"), range(count), count - 1, key=f"figure3_moment_{number}", format_func=words
    )
    return moment


def _verdict(runs: list[History], last: Answered) -> None:
    """What was right, beside the kernel that it is about."""
    codes = runs[last.run].codes[-1]
    kernel = last.kernel % len(codes)
    picture, said = st.columns([1, 6], vertical_alignment="center")
    facts = {"number": kernel + 1, "gpu": _gpu_of(runs[last.run], kernel) + 1, "seed": last.run + 1}
    alt = t("lesson_figure3_last_alt", number=kernel + 1)
    picture.image(enlarged(codes[kernel], LAST_PX), output_format="PNG", width=LAST_PX, alt=alt)
    said.markdown(t("lesson_figure3_right" if last.is_right else "lesson_figure3_wrong", **facts))


def _gpu_of(run: History, kernel: int) -> int:
    return int(kernel >= len(run.codes[0]) // 2)


def _score() -> Score:
    score: Score = st.session_state.setdefault("figure3_score", Score())
    return score


def _question(runs: list[History], number: int) -> tuple[int, int]:
    """The nth question: a seed and a kernel, as random as they are the same after a reload of the page."""
    start = st.session_state.setdefault("figure3_start", int(np.random.default_rng().integers(1 << 31)))
    random = np.random.default_rng((start, number))
    run = int(random.integers(len(runs)))
    return run, int(random.integers(len(runs[run].codes[0])))


def _answer(run: int, kernel: int, is_right: bool) -> None:
    score = _score()
    last = Answered(run, kernel, is_right)
    st.session_state["figure3_score"] = Score(score.asked + 1, score.right + int(is_right), last)


def see() -> None:
    """Every seed's mean selectivity by GPU, with the interval of their difference."""
    runs = enumerate(_selectivities(), 1)
    table([_row(t("lesson_figure3_seed"), seed, *groups) for seed, groups in runs], "figure3_table", height="content")
    st.caption(t("lesson_figure3_note"))
    if card.is_joined():
        st.caption(t("lesson_figure3_joined"))
    st.write(t("lesson_figure3_controls"))
    nets = [_row(t("lesson_figure3_net"), t(f"lesson_figure3_{name}"), *groups) for name, groups in _controls()]
    table(nets, "figure3_controls", height="content")


def _row(title: str, name: str | int, first: Doubles, second: Doubles) -> dict[str, str | int]:
    found = difference(first, second)
    return {
        title: name,
        "GPU1": f"{float(first.mean()):.2f}",
        "GPU2": f"{float(second.mean()):.2f}",
        t("lesson_figure3_difference"): f"{found.mean:+.2f} ({found.low:+.2f} … {found.high:+.2f})",
    }


def _controls() -> Iterator[tuple[str, tuple[Doubles, Doubles]]]:
    """Nets of half the width, six epochs each, by recipe: what `training.selectivity` found of either half of their kernels."""
    with CONTROLS.open(encoding="utf-8", newline="") as file:
        for name, rows in groupby(csv.DictReader(file), lambda row: row["run"]):
            indices = np.asarray([float(row["colour_selectivity"]) for row in rows])
            yield name, (indices[: len(indices) // 2], indices[len(indices) // 2 :])


def _fits(config: Config) -> bool:
    return config.towers == 2


LESSON = Lesson(name="figure3", section="Figure 3", options=3, right=right, panel=panel, see=see, fits=_fits)
