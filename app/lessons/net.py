"""Section 3.5: the shapes and parameters of every layer, worked out by the learner and checked as they are typed."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from app import state
from app.figures import BAR_COLOUR, bare, short
from app.lessons import Lesson
from app.lessons.shown import plot
from app.text import t
from model.layers import Config, Layer

BIG = ("fc6", "fc7", "fc8")


def right() -> int:
    """Where most parameters are: in the convolutions together, in fc6, in fc7, or in fc8."""
    config = state.explorer().config
    counts = [sum(row.num_parameters for row in config.layers if row.kind == "conv")]
    counts += [config.layer[name].num_parameters for name in BIG]
    return counts.index(max(counts))


def whole(text: str) -> int | None:
    """A number as people type it, with or without separators; None for anything else."""
    digits = text.replace(",", "").replace(" ", "").replace("\u2009", "")
    return int(digits) if digits.isdecimal() and len(digits) < 12 else None


def panel() -> None:
    """A row a layer: what it is made of, and the numbers to work out."""
    config, done, asked = state.explorer().config, 0, 0
    for below, row in zip((None, *config.layers), config.layers, strict=False):
        if not row.weight_shape:
            continue
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.markdown(_made_of(below, row), width=340)
            if row.kind == "conv":
                done += _number("side", row, row.size_px)
                asked += 1
            done += _number("parameters", row, row.num_parameters)
            asked += 1
    st.progress(done / asked, t("lesson_net_done", done=done, asked=asked))
    with st.popover(t("lesson_net_help")):
        st.write(t("lesson_net_formulas"))


def _made_of(below: Layer | None, row: Layer) -> str:
    assert row.weight_shape
    facts = {"name": row.name, "units": row.units, "reads": row.weight_shape[1]}
    if row.kind != "conv":
        return t("lesson_net_fc", **facts)
    pad = f"{row.pad[0]} + {row.pad[1]}"
    facts |= {"window": row.window_px, "stride": row.stride, "pad": pad}
    return t("lesson_net_conv", side=below.size_px if below else _crop(), **facts)


def _crop() -> int:
    """Side of what conv1 reads, from its own geometry."""
    row = state.explorer().config.layer["conv1"]
    return (row.size_px - 1) * row.stride + row.window_px - sum(row.pad)


def _number(what: str, row: Layer, expected: int) -> int:
    """One field; 1 when what is typed is right."""
    key = f"net_{what}_{row.name}"
    typed = st.session_state.get(key) or ""
    found = whole(typed)
    mark = "" if not typed else t("lesson_net_right") if found == expected else _hint(found, expected)
    st.text_input(
        f"{t(f'lesson_net_{what}')} {mark}", key=key, live=True, persist_state="session", width=190,
        help=t(f"lesson_net_{what}_help", name=row.name),
    )  # fmt: skip
    return int(found == expected)


def _hint(found: int | None, expected: int) -> str:
    if found is None:
        return t("lesson_net_no_number")
    return t("lesson_net_more") if found < expected else t("lesson_net_less")


def see() -> None:
    """Parameters and multiply-accumulates, layer by layer."""
    config = state.explorer().config
    rows = [row for row in config.layers if row.weight_shape]
    for column, name in zip(st.columns(2), ("parameters", "macs"), strict=True):
        with column:
            counts = [row.num_parameters if name == "parameters" else row.num_macs for row in rows]
            figure = go.Figure(
                go.Bar(
                    x=[row.name for row in rows],
                    y=counts,
                    marker_color=BAR_COLOUR,
                    text=[*map(short, counts)],
                    textposition="outside",
                    cliponaxis=False,
                )
            )
            figure.update_yaxes(visible=False)
            plot(bare(figure, 260), f"net_{name}", t(f"lesson_net_{name}_caption", total=sum(counts)))
    st.caption(
        t("lesson_net_note", share=_convolutions(config, "num_parameters"), work=_convolutions(config, "num_macs"))
    )


def _convolutions(config: Config, count: str) -> float:
    """The convolutions' share of a count."""
    own = sum(getattr(row, count) for row in config.layers if row.kind == "conv")
    return float(own / sum(getattr(row, count) for row in config.layers))


LESSON = Lesson(name="net", section="3.5", options=4, right=right, panel=panel, see=see)
