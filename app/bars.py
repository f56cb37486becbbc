"""Predictions as bars in plain HTML: nothing in them moves, and plotly takes some 60 ms longer to say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from app.figures import BAR_COLOUR, probability_text
from app.text import class_word, t
from model.explorer import Prediction

CSS = f"""
.bars {{ display: grid; grid-template-columns: fit-content(45%) 1fr; gap: 0 8px; align-items: center; line-height: 28px;
  font-size: 15px; font-variant-numeric: tabular-nums; }}
.bars.asks {{ grid-template-columns: fit-content(45%) 1fr auto; }}
.bars .name {{ text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.bars .track {{ position: relative; height: 18px; margin-right: 40px; }}
.bars.two .track {{ margin-right: 150px; }}
.bars .now, .bars .was {{ position: absolute; left: 0; top: 0; bottom: 0; box-sizing: border-box; }}
.bars .now {{ background: {BAR_COLOUR}; }}
.bars .was {{ border: 2px solid currentColor; }}
.bars .value {{ position: absolute; top: 0; padding-left: 6px; line-height: 18px; white-space: nowrap; }}
.bars .why {{ font: inherit; font-size: 13px; line-height: 22px; min-height: 24px; padding: 0 8px; color: inherit; background: none;
  border: 1px solid color-mix(in srgb, currentColor 35%, transparent); border-radius: 4px; cursor: pointer; }}
.bars .why:hover {{ border-color: currentColor; }}
.bars .why:focus-visible {{ outline: 2px solid currentColor; outline-offset: 1px; }}
@media (max-width: 640px) {{
  .bars.two {{ grid-template-columns: 1fr auto; }}
  .bars.two .name {{ text-align: left; grid-column: 1 / -1; line-height: 22px; }}
}}
"""


def top_bars(
    now: Sequence[Prediction],
    before: Sequence[Prediction] = (),
    label: str = "",
    both: str = "",
    why: Mapping[str, str] | None = None,
) -> str:
    """HTML of predictions as bars from 0 to 1; those `before`, if given, as outlines on the same axis.

    Parameters
    ----------
    label : str
        Says the same in words, for those who cannot see it.
    both : str
        Key of the sentence that names the two numbers of a bar, if there are two.
    why : mapping, optional
        Puts a button beside each bar that asks why; these are its data apart from the class, see `why_data`.
    """
    earlier: list[float | None] = [one.probability for one in before] or [None] * len(now)
    rows = "".join(_row(one, was, both, why) for one, was in zip(now, earlier, strict=True))
    classes = " ".join(["bars", *["two"] * bool(before and both), *["asks"] * (why is not None)])
    role = "img" if why is None else "group"  # a button inside a picture cannot be reached
    return f'<style>{CSS}</style><div class="{classes}" role="{role}" aria-label="{escape(label)}">{rows}</div>'


def why_data(class_id: str, **others: str) -> str:
    """Attributes of a button that asks why a class was found; `app.components.why` hears it."""
    data = {"why": class_id, **others}
    return " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())


def _row(now: Prediction, was: float | None, both: str, why: Mapping[str, str] | None) -> str:
    outline = "" if was is None else f'<i class="was" style="width: {100 * was:.2f}%"></i>'
    end, name = 100 * max(now.probability, was or 0), class_word(now.name)
    value = probability_text(now.probability)
    if was is not None and both:
        value = t(both, was=probability_text(was), now=value)
    row = (
        f'<span class="name">{escape(name)}</span><span class="track">'
        f'<i class="now" style="width: {100 * now.probability:.2f}%"></i>{outline}'
        f'<span class="value" style="left: {end:.2f}%">{escape(value)}</span></span>'
    )
    if why is None:
        return row
    ask = f'aria-label="{escape(t("bars_why_of", name=name))}" {why_data(now.class_id, **why)}'
    return f'{row}<button type="button" class="why" {ask}>{escape(t("bars_why"))}</button>'


def count_bars(counts: Sequence[tuple[str, int]], label: str) -> str:
    """HTML of how often each name occurs, on an axis up to the most frequent."""
    most = max(count for _, count in counts)
    rows = "".join(
        f'<span class="name">{escape(name)}</span><span class="track"><i class="now" style="width: {100 * count / most:.2f}%"></i>'
        f'<span class="value" style="left: {100 * count / most:.2f}%">{count:,}</span></span>'
        for name, count in counts
    )
    return f'<style>{CSS}</style><div class="bars" role="img" aria-label="{escape(label)}">{rows}</div>'
