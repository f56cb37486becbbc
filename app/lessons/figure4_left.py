"""Figure 4, left: several pictures with the five answers that the network thinks most probable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, card, state
from app.bars import top_bars
from app.components.picture import cropped
from app.lessons import Lesson
from app.samples import FILES, sample_path
from app.text import class_word, t
from model.explorer import Explorer, Prediction

SURE = 0.5
Seen = tuple[npt.NDArray[np.uint8], tuple[Prediction, ...]]  # the crop, and the five answers


@st.cache_resource(max_entries=32, show_spinner=False)
def _seen(keys: tuple[str, str], _explorer: Explorer) -> Seen:
    with answers.INFERENCE:
        seen = _explorer.run(sample_path(keys[1]))
    return cropped(seen.square, seen.view), seen.top(5)


def right() -> int:
    """Whether the network gives your picture's first choice over a half."""
    return 0 if answers.activations().top(1)[0].probability > SURE else 1


def panel() -> None:
    """Your picture, then the samples, each with its five bars."""
    own = cropped(state.edited_square(), state.crop_view()), answers.activations().top(5)
    shown: list[tuple[str, Seen]] = [(state.picture().name, own)]
    for name in (one for one in FILES if one != state.view().sample):
        shown.append((t(f"sample_{name}"), _seen((state.model_key(), name), state.explorer())))
    for at in range(0, len(shown), 2):
        for column, (name, (picture, best)) in zip(st.columns(2, gap="large"), shown[at : at + 2], strict=False):
            with column:
                _one(name, picture, best)


def _one(name: str, picture: npt.NDArray[np.uint8], best: tuple[Prediction, ...]) -> None:
    image, bars = st.columns([2, 3])
    with image:
        st.image(picture, output_format="PNG", width="stretch", alt=t("picture_alt", name=name))
    with bars:
        st.html(top_bars(best, (), t("predict_bars_alt", names=", ".join(class_word(one.name) for one in best))))


def see() -> None:
    """How often the truth is first, and among the first five, over the validation pictures."""
    facts = card.read()
    if not facts:
        st.info(t("model_no_card"))
        return
    one = facts["one_crop"]
    left, side = st.columns(2)
    left.metric(t("lesson_figure4_left_first"), f"{100 - one['top1_error']:.1f} %")
    side.metric(t("lesson_figure4_left_five"), f"{100 - one['top5_error']:.1f} %")
    st.caption(
        t("lesson_figure4_left_note", num_images=one["num_images"], num_classes=len(state.explorer().info.classes))
    )


LESSON = Lesson(name="figure4_left", section="Figure 4", options=2, right=right, panel=panel, see=see)
