"""The five most probable classes as bars, with what they were before in outline; each of them answers why."""

from __future__ import annotations

import streamlit as st

from app import answers, state
from app.bars import top_bars
from app.samples import NAMED
from app.text import class_word, t
from model.explorer import Activations, Prediction, TenCrops


def top_five(model: str = "", key: str = "top5") -> None:
    """Bars of the picture in use, of another model if named; with lesions, the intact network in outline."""
    seen = answers.activations(model=model)
    wounded = bool(answers.gains(model=model))
    bars(seen, answers.activations(intact=True, model=model) if wounded else None, key, "bars_intact", model)
    says = [t("top_caption_lesion" if wounded else "top_caption", num_classes=len(seen.classes))]
    known = {class_id for class_id, _ in seen.classes}
    of_wordnet = all(one[0] == "n" and one[1:].isdecimal() for one in known)
    if of_wordnet and (named := NAMED.get(state.view().sample)) and named.isdisjoint(known):
        says.append(t("top_none_fits"))
    st.caption(" ".join(says))


def bars(
    seen: Activations | TenCrops, before: Activations | None, key: str, both: str = "bars_intact", model: str = ""
) -> None:
    """The five most probable classes; with `before`, every class that is among the first five of either.

    `both` is the key of the sentence that names the two numbers; `model` is whose answer it is, if not the one in use.
    """
    now, was = _both(seen, before) if isinstance(seen, Activations) and before else (seen.top(5), ())
    label = t("predict_bars_alt", names=", ".join(class_word(one.name) for one in now))
    with st.container(key=key):
        st.html(top_bars(now, was, label, both, {"model": model} if model else {}))


def _both(seen: Activations, before: Activations) -> tuple[tuple[Prediction, ...], tuple[Prediction, ...]]:
    """The classes that are in either top five, as they are now and as they were."""
    now, was = ({one.class_id: one for one in every.top(len(every.classes))} for every in (seen, before))
    classes = dict.fromkeys(one.class_id for every in (before, seen) for one in every.top(5))
    ordered = sorted(classes, key=lambda name: -max(now[name].probability, was[name].probability))
    return tuple(now[name] for name in ordered), tuple(was[name] for name in ordered)
