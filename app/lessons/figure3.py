"""Figure 3: which GPU learned this kernel? A quiz from the history of every seed that there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from app import state
from app.figures import enlarged
from app.lessons import Lesson
from app.tables import table
from app.text import t
from model import history
from model.history import History
from model.kernels import colour_selectivity, difference
from model.layers import Config

SIDE_PX = 440


@dataclass(frozen=True)
class Score:
    """How the quiz stands."""

    asked: int = 0
    right: int = 0
    last: str = ""
    """What is said of the answer before; empty for none."""


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: str, changed_ns: int) -> History:
    return history.read(path)


def histories() -> list[History]:
    """The kernels' histories beside the model, one a seed; those of another network are left out."""
    paths = sorted(state.model_path().parent.glob("history*.npz"), key=lambda path: (len(path.name), path.name))
    shape = state.explorer().weights["conv1.weight"].shape
    found = [_read(str(path), path.stat().st_mtime_ns) for path in paths if _whole(path)]
    return [one for one in found if one.kernels(-1).shape == shape]


def _whole(path: Path) -> bool:
    try:
        _read(str(path), path.stat().st_mtime_ns)
    except ValueError:
        return False  # the page Kernels says so
    return True


def _selectivities() -> list[tuple[np.ndarray, np.ndarray]]:
    """Colour selectivity of GPU1's kernels and of GPU2's, for every seed."""
    layer = state.explorer().config.layer["conv1"]
    kernels = [one.kernels(-1) for one in histories()] or [state.explorer().weights["conv1.weight"]]
    values = [colour_selectivity(one) for one in kernels]
    return [(one[layer.tower_units(0)], one[layer.tower_units(1)]) for one in values]


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
        one = runs[run]
        moments = list(range(len(one.epochs)))
        moment = st.select_slider(
            t("kernels_slider"), moments, moments[-1], key="figure3_moment",
            format_func=lambda at: t("lesson_figure3_epoch", epoch=int(one.epochs[at])),
        )  # fmt: skip
        st.write(t("lesson_figure3_which", seed=run + 1, seeds=len(runs)))
        with st.container(horizontal=True):
            for gpu in (0, 1):
                st.button(f"GPU{gpu + 1}", key=f"figure3_gpu{gpu + 1}", on_click=_answer, args=(run, kernel, gpu))
        st.markdown(score.last or t("lesson_figure3_start"))
        if score.asked:
            st.caption(t("lesson_figure3_score", right=score.right, asked=score.asked))
    with shown:
        picture = one.codes[min(moment, len(moments) - 1), kernel]
        st.image(enlarged(picture, SIDE_PX), output_format="PNG", width="stretch", alt=t("lesson_figure3_alt"))


def _score() -> Score:
    score: Score = st.session_state.setdefault("figure3_score", Score())
    return score


def _question(runs: list[History], number: int) -> tuple[int, int]:
    """The nth question: a seed and a kernel, as random as they are the same after a reload of the page."""
    start = st.session_state.setdefault("figure3_start", int(np.random.default_rng().integers(1 << 31)))
    random = np.random.default_rng((start, number))
    run = int(random.integers(len(runs)))
    return run, int(random.integers(len(runs[run].codes[0])))


def _answer(run: int, kernel: int, gpu: int) -> None:
    score, layer = _score(), state.explorer().config.layer["conv1"]
    actual = int(kernel >= layer.tower_units(0).stop)
    word = t(f"lesson_figure3_{'right' if actual == gpu else 'wrong'}", number=kernel + 1, gpu=actual + 1, seed=run + 1)
    st.session_state["figure3_score"] = Score(score.asked + 1, score.right + int(actual == gpu), word)


def see() -> None:
    """Every seed's mean selectivity by GPU, with the interval of their difference."""
    rows = []
    for seed, (first, second) in enumerate(_selectivities(), 1):
        found = difference(first, second)
        rows.append(
            {
                t("lesson_figure3_seed"): seed,
                "GPU1": f"{float(first.mean()):.2f}",
                "GPU2": f"{float(second.mean()):.2f}",
                t("lesson_figure3_difference"): f"{found.mean:+.2f} ({found.low:+.2f} … {found.high:+.2f})",
            }
        )
    table(rows, "figure3_table", height="content")
    st.caption(t("lesson_figure3_note"))


def _fits(config: Config) -> bool:
    return config.towers == 2


LESSON = Lesson(name="figure3", section="Figure 3", options=3, right=right, panel=panel, see=see, fits=_fits)
