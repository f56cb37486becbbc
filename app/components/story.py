"""How a network came to be: a slider over the moments of its training, and its answers to a few pictures at each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from app.components.wire import pack
from app.figures import BAR_COLOUR
from app.text import class_word, language, t
from model.history import History, Pictures

HTML = """
<div class="story">
  <div class="player"><button type="button"></button><input type="range" min="0" step="1"><output></output></div>
  <div class="pictures" hidden>
    <canvas tabindex="0" role="application"></canvas>
    <div class="answers"><div class="score"></div><div class="named" role="status"></div><div class="bars"></div></div>
  </div>
</div>
"""
CSS = f"""
.story {{ font: 14px var(--st-font); color: var(--st-text-color); font-variant-numeric: tabular-nums; }}
.player {{ display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; min-height: 32px; }}
button {{ font: inherit; color: inherit; background: var(--st-background-color); padding: 4px 10px; cursor: pointer; min-width: 72px;
  border: 1px solid var(--st-border-color); border-radius: 4px; }}
input {{ height: 24px; flex: 1 1 200px; max-width: 420px; accent-color: var(--st-primary-color); }}
output {{ flex: 1 1 280px; min-height: 20px; }}
.pictures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); gap: 16px; margin-top: 12px; }}
.pictures[hidden] {{ display: none; }}
canvas {{ display: block; width: 100%; max-width: 400px; aspect-ratio: 1; border: 1px solid var(--st-border-color); border-radius: 4px;
  box-sizing: border-box; }}
canvas:focus-visible, button:focus-visible {{ outline: 3px solid var(--st-text-color); outline-offset: 2px; }}
.score, .named {{ line-height: 1.4; min-height: 1.4em; margin-bottom: 8px; }}
.named {{ font-weight: 600; }}
.bars {{ display: grid; grid-template-columns: minmax(0, 45%) 1fr; gap: 0 8px; align-items: center; line-height: 28px; }}
.name {{ text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.name.true {{ font-weight: 600; }}
.track {{ position: relative; height: 18px; margin-right: 40px; }}
.track i {{ position: absolute; inset: 0 auto 0 0; background: {BAR_COLOUR}; transition: width .15s; }}
.track b {{ position: absolute; font-weight: normal; line-height: 18px; padding-left: 6px; transition: left .15s; }}
@media (prefers-reduced-motion: reduce) {{ .track i, .track b {{ transition: none; }} }}
"""
_component = st.components.v2.component(
    "alexnet.story", html=HTML, css=CSS, js=(Path(__file__).parent / "story.js").read_text(encoding="utf-8")
)


def story(told: History, model: str, classes: Sequence[str]) -> None:
    """Draw the slider, and the pictures if the history has any.

    Parameters
    ----------
    model : str
        Whose history it is: another one sends the slider back to the end.
    classes : sequence of str
        The names of the network's classes, as its file has them.
    """
    shown = told.pictures
    moments = range(len(told.epochs))
    header = {
        "key": key_of(told, model),
        "moments": [moment_words(told, moment) for moment in moments],
        "scores": [_score(shown, moment) if shown else "" for moment in moments],
        "shown": shown.guesses.shape[2] if shown else 0,
        "pictures": _named(shown, classes) if shown else [],
        "classes": [class_word(name) for name in classes] if shown else [],
        "words": {"play": t("kernels_play"), "pause": t("kernels_pause"), "slider": t("kernels_slider"),
                  "map": t("story_map"), "silent": t("story_silent")},
    }  # fmt: skip
    parts = (shown.places, shown.probabilities, shown.guesses.astype(np.int16)) if shown else ()
    _component(data=pack(header, *parts, told.codes), key="story")


def key_of(told: History, model: str) -> str:
    """What the page's figure knows a story by."""
    return hashlib.sha256(f"{model} {language()}".encode() + told.codes[-1].tobytes()).hexdigest()[:16]


def moment_words(told: History, moment: int) -> str:
    """Which moment it is, and the error then."""
    epoch, (top1, top5) = float(told.epochs[moment]), told.errors[moment]
    words = f"{epoch:.0f}" if epoch.is_integer() else f"{epoch:.2f}"
    if epoch == 0:
        return t("kernels_moment_0" if told.from_random else "kernels_moment_start")
    sentence = "kernels_moment_earlier" if moment < told.num_earlier else "kernels_moment_unmeasured"
    if np.isnan(top1):
        return t(sentence, epoch=words)
    errors = t("kernels_moment_errors", top1=float(top1), top5=float(top5))
    assert told.num_judged is not None
    count = int(told.num_judged[moment])
    return t(sentence, epoch=words) + errors + (t("kernels_moment_judged", count=count) if count else "")


def _score(shown: Pictures, moment: int) -> str:
    hits = shown.guesses[moment] == shown.labels[:, None]
    first, five = int(hits[:, 0].sum()), int(hits.any(1).sum())
    return t("story_score", count=len(hits), first=first, five=five)


def _named(shown: Pictures, classes: Sequence[str]) -> list[dict[str, object]]:
    """Each picture's class and name: no pixels are kept of it, so it goes by its place in the validation split."""
    return [
        {"label": int(label), "name": t("story_picture", name=class_word(classes[label]), row=int(row) + 1)}
        for label, row in zip(shown.labels, shown.rows, strict=True)
    ]
