"""Section 4.1: the crops as a field to walk over, and colours that vary as daylight does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, state
from app.components.field import field
from app.edits_panel import colour_sliders, mirror_toggle
from app.figures import probability_text
from app.lessons import Lesson
from app.tables import table
from app.text import class_word, plain, t, template
from model import preprocess
from model.colours import colour_components
from model.explorer import Explorer
from model.gains import Gains
from model.layers import PAPER, SQUARE_PX

BATCH = 16
STEPS = (8, 4, 2, 1)
SCALES: dict[str, Literal["stdev", "eigenvalue"]] = {"size": "stdev", "eigenvalue": "eigenvalue"}


@st.cache_resource(max_entries=16, ttl=3600, show_spinner=False)
def _field(
    keys: tuple[str, ...], step: int, _explorer: Explorer, _square: npt.NDArray[np.uint8], _gains: Gains,
    _view: preprocess.View, _class: int,
) -> npt.NDArray[np.float32]:  # fmt: skip
    """Probabilities of a class, one an offset, (33, 33) for the paper's crops and a step of 1; a bar says how far it is."""
    offsets = range(0, SQUARE_PX - _view.crop_px + 1, step)
    views = [replace(_view, row=row, column=column) for row in offsets for column in offsets]
    found, bar = [], st.progress(0.0)
    for at in range(0, len(views), BATCH):
        crops = np.concatenate([preprocess.crop(_square, _explorer.mean, view) for view in views[at : at + BATCH]])
        with answers.INFERENCE:
            found.append(_explorer.probabilities(crops, _gains)[:, _class])
        bar.progress(min(1.0, (at + BATCH) / len(views)))
    bar.empty()
    return np.concatenate(found).reshape(len(offsets), -1)


def _room() -> int:
    """How many pixels the crop's upper left corner can move, 32 for the paper's crops."""
    return SQUARE_PX - state.explorer().config.crop_px


def _of_first_choice(step: int) -> tuple[npt.NDArray[np.float32], int]:
    """The field of the unedited picture's first choice."""
    before = answers.activations(edited=False)
    index = int(before["prob"].argmax())
    view = replace(state.crop_view(), row=_room() // 2, column=_room() // 2)
    lesions = sorted(state.view().lesions.amounts.items())
    keys = (state.model_key(), state.picture().key, f"{view} {state.view().edits.paint!r} {lesions}")
    square = state.edited_square()
    return _field(keys, step, state.explorer(), square, answers.gains(), view, index), index


def right() -> int:
    """How far the first choice's probability varies over the field: under .1, under .4, or more."""
    values, _ = _of_first_choice(STEPS[1])
    spread = float(values.max() - values.min())
    return 0 if spread < 0.1 else 1 if spread < 0.4 else 2


def panel() -> None:
    """The field on one side, colours on the other."""
    left, side = st.columns(2, gap="large")
    with left:
        step = st.segmented_control(
            t("lesson_augmentation_step"), STEPS, default=STEPS[1], required=True, key="augmentation_step",
            format_func=lambda one: f"{(_room() // one + 1) ** 2:,}",
        )  # fmt: skip
        mirror_toggle(state.view().edits)
        _walk(step)
    with side:
        colour_sliders(state.view().edits)
        if state.colour_axes() is not None:
            st.button(t("lesson_augmentation_draw"), key="augmentation_draw", on_click=_draw_colour)


def _walk(step: int) -> None:
    values, index = _of_first_choice(step)
    edits, name = state.view().edits, class_word(state.explorer().info.classes[index][1])
    labels = (t("lesson_augmentation_field", name=name), template("lesson_augmentation_told"))
    place = (_room() // 2 + edits.down) / step, (_room() // 2 + edits.right) / step
    field(values, place, labels, f"augmentation_field_{step}", step, lambda row, column: _go(row * step, column * step))
    least, most = (probability_text(float(one)) for one in (values.min(), values.max()))
    st.caption(t("lesson_augmentation_caption", name=plain(name), least=least, most=most))


def _go(row: int, column: int) -> None:
    state.change(edits=replace(state.view().edits, down=row - _room() // 2, right=column - _room() // 2))


def _draw_colour() -> None:
    """Three alphas as training draws them: N(0, 0.1)."""
    red, green, blue = np.random.default_rng().normal(0, 0.1, 3).clip(-0.3, 0.3).round(2).tolist()
    state.change(edits=replace(state.view().edits, colour=(red, green, blue)))


def see() -> None:
    """The views counted, and the axes of colour of this model's training set."""
    counted, places, crop = SQUARE_PX - PAPER.crop_px, _room() + 1, state.explorer().config.crop_px
    left, side = st.columns(2)
    left.metric(t("lesson_augmentation_paper", room=counted), f"{2 * counted**2:,}")
    side.metric(t("lesson_augmentation_true", all=places, crop=crop), f"{2 * places**2:,}")
    covariance = state.explorer().info.covariance
    if covariance is not None:
        lengths = {name: colour_components(covariance, scale) for name, scale in SCALES.items()}
        table([_axis(i, lengths) for i in range(3)], "augmentation_axes", height="content")
        st.caption(" ".join((t("lesson_augmentation_axes"), t(f"colour_scale_{state.colour_scale()}"))))


def _axis(i: int, lengths: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, object]:
    """A principal component of RGB, the most varied first, and how far alpha 1 goes along it by either reading."""
    norms = {name: float(np.linalg.norm(axes[i])) for name, axes in lengths.items()}
    parts = lengths["size"][i] / max(norms["size"], 1e-9)
    named = {t(f"window_{name}"): f"{part:+.2f}" for name, part in zip(("red", "green", "blue"), parts, strict=True)}
    return {"p": i + 1, **named, **{t(f"lesson_augmentation_{name}"): f"{norm:.1f}" for name, norm in norms.items()}}


LESSON = Lesson(name="augmentation", section="4.1", options=3, right=right, panel=panel, see=see)
