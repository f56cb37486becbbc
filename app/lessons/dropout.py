"""Section 4.2: thinned networks that share their weights, their average, and the whole network in their place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import streamlit as st

from app import answers, state
from app.bars import top_bars
from app.figures import BAR_COLOUR, bare, probability_text
from app.lessons import Lesson
from app.lessons.shown import plot
from app.text import class_word, t
from model.explorer import Activations, Explorer, Prediction
from model.what_if import thinned

NETS = 32


@st.cache_resource(max_entries=16, ttl=3600, show_spinner=False)
def _thinned(
    keys: tuple[str, ...], count: int, seed: int, _explorer: Explorer, _seen: Activations
) -> npt.NDArray[np.float32]:
    return thinned(_explorer, _seen, count, seed)


def _nets(count: int, seed: int) -> npt.NDArray[np.float32]:
    """Probabilities (count, classes) of so many thinned networks, without lesions."""
    seen = answers.activations(intact=True)
    with st.spinner(t("lesson_dropout_wait", count=count)):
        return _thinned((state.model_key(), answers.key(intact=True)), count, seed, state.explorer(), seen)


def right() -> int:
    """How often a thinned network keeps the first choice: nearly always, about half the time, or seldom."""
    first = int(answers.activations(intact=True)["prob"].argmax())
    share = float((_nets(NETS, 0).argmax(1) == first).mean())
    return 0 if share >= 0.8 else 1 if share >= 0.2 else 2


def panel() -> None:
    """So many draws; what each says of the first choice, their average, and the whole network."""
    left, side = st.columns([3, 1], vertical_alignment="bottom")
    count = left.slider(t("lesson_dropout_count"), 1, 64, 16, key="dropout_count")
    with side:
        st.button(t("lesson_dropout_again"), key="dropout_again", on_click=_again)
    nets, seen = _nets(count, st.session_state.get("dropout_seed", 0)), answers.activations(intact=True)
    index = int(seen["prob"].argmax())
    name = class_word(seen.classes[index][1])
    average, whole = float(nets[:, index].mean()), float(seen["prob"][index])
    figure = go.Figure(
        go.Bar(
            x=np.arange(1, count + 1),
            y=nets[:, index],
            marker_color=BAR_COLOUR,
            hovertemplate="%{x}: %{y:.2f}<extra></extra>",
        )
    )
    figure.add_hline(y=average, line={"color": BAR_COLOUR, "width": 2, "dash": "dash"})
    figure.add_hline(y=whole, line={"color": BAR_COLOUR, "width": 3})
    figure.update_yaxes(range=[0, 1])
    said = {"average": probability_text(average), "whole": probability_text(whole)}
    caption = t("lesson_dropout_caption", name=name, **said)
    plot(bare(figure, 260, t("lesson_dropout_axis")), "dropout_nets", caption)
    _both(nets.mean(0), seen)


def _both(average: npt.NDArray[np.float32], seen: Activations) -> None:
    """The average as bars, the whole network as outlines."""
    best = np.argsort(-(average + seen["prob"]), kind="stable")[:5]
    now, was = ([_prediction(seen, i, values) for i in best] for values in (average, seen["prob"]))
    st.html(top_bars(now, was, t("lesson_dropout_bars")))
    st.caption(t("lesson_dropout_bars"))


def _prediction(seen: Activations, i: int, values: npt.NDArray[np.float32]) -> Prediction:
    class_id, name = seen.classes[i]
    return Prediction(class_id, name, float(values[i]))


def _again() -> None:
    st.session_state["dropout_seed"] = st.session_state.get("dropout_seed", 0) + 1


def geometric_mean(nets: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of distributions (nets, classes), one a row, as a distribution (classes,): section 4.2's."""
    mean: npt.NDArray[np.float32] = np.exp(np.log(np.maximum(nets, np.finfo(np.float32).tiny)).mean(0))
    mean /= mean.sum()
    return mean


def see() -> None:
    """How often the first choice stays, and how near the average comes to the whole network."""
    seen, nets = answers.activations(intact=True), _nets(NETS, 0)
    first = int(seen["prob"].argmax())
    columns = st.columns(3)
    columns[0].metric(t("lesson_dropout_kept", count=NETS), f"{float((nets.argmax(1) == first).mean()):.0%}")
    for column, mean, name in zip(
        columns[1:], (nets.mean(0), geometric_mean(nets)), ("distance", "geometric"), strict=True
    ):
        column.metric(t(f"lesson_dropout_{name}"), f"{float(np.abs(mean - seen['prob']).sum() / 2):.2f}")
    st.write(t(f"lesson_dropout_{'halved' if state.explorer().config.halved_at_test else 'doubled'}"))
    units = sum(state.explorer().config.layer[name].units for name in ("fc6", "fc7"))
    st.caption(t("lesson_dropout_note", units=units))


LESSON = Lesson(
    name="dropout", section="4.2", options=3, right=right, panel=panel, see=see, fits=lambda config: config.dropout
)
