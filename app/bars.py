"""Predictions as bars in plain HTML: nothing in them moves, and plotly takes some 60 ms longer to say the same."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.figures import BAR_COLOUR, probability_text
from app.text import class_word
from model.explorer import Prediction

CSS = f"""
.bars {{ display: grid; grid-template-columns: fit-content(45%) 1fr; gap: 0 8px; align-items: center; line-height: 28px;
  font-size: 15px; font-variant-numeric: tabular-nums; }}
.bars .name {{ text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.bars .track {{ position: relative; height: 18px; margin-right: 40px; }}
.bars .now, .bars .was {{ position: absolute; left: 0; top: 0; bottom: 0; box-sizing: border-box; }}
.bars .now {{ background: {BAR_COLOUR}; }}
.bars .was {{ border: 2px solid currentColor; }}
.bars .value {{ position: absolute; top: 0; padding-left: 6px; line-height: 18px; }}
"""


def top_bars(now: Sequence[Prediction], intact: Sequence[Prediction] = (), label: str = "") -> str:
    """HTML of predictions as bars from 0 to 1; those of the intact network, if given, as outlines on the same axis.

    `label` says the same in words, for those who cannot see it.
    """
    before: list[float | None] = [one.probability for one in intact] or [None] * len(now)
    rows = "".join(_row(one, was) for one, was in zip(now, before, strict=True))
    return f'<style>{CSS}</style><div class="bars" role="img" aria-label="{escape(label)}">{rows}</div>'


def _row(now: Prediction, was: float | None) -> str:
    outline = "" if was is None else f'<i class="was" style="width: {100 * was:.2f}%"></i>'
    end = 100 * max(now.probability, was or 0)
    return (
        f'<span class="name">{escape(class_word(now.name))}</span><span class="track">'
        f'<i class="now" style="width: {100 * now.probability:.2f}%"></i>{outline}'
        f'<span class="value" style="left: {end:.2f}%">{escape(probability_text(now.probability))}</span></span>'
    )


def count_bars(counts: Sequence[tuple[str, int]], label: str) -> str:
    """HTML of how often each name occurs, on an axis up to the most frequent."""
    most = max(count for _, count in counts)
    rows = "".join(
        f'<span class="name">{escape(name)}</span><span class="track"><i class="now" style="width: {100 * count / most:.2f}%"></i>'
        f'<span class="value" style="left: {100 * count / most:.2f}%">{count:,}</span></span>'
        for name, count in counts
    )
    return f'<style>{CSS}</style><div class="bars" role="img" aria-label="{escape(label)}">{rows}</div>'
