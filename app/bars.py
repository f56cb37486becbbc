"""Predictions as bars in plain HTML: nothing in them moves, and plotly takes some 60 ms longer to say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from app.figures import BAR_COLOUR, probability_text
from app.text import class_word, t
from model.explorer import Prediction

CSS = f"""
.barred {{ container-type: inline-size; }}
.bars {{ display: grid; grid-template-columns: fit-content(45%) 1fr; gap: 0 8px; align-items: center; line-height: 28px;
  font-size: 15px; font-variant-numeric: tabular-nums; }}
.bars .name {{ text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.bars .track {{ position: relative; height: 18px; margin-right: 40px; }}
.bars.asks .track {{ margin-right: 92px; }}
.bars.two .track {{ margin-right: 200px; }}
.bars .now, .bars .was {{ position: absolute; left: 0; top: 0; bottom: 0; box-sizing: border-box; }}
.bars .now {{ background: {BAR_COLOUR}; }}
.bars .was {{ border: 2px solid currentColor; }}
.bars .end {{ position: absolute; top: 0; padding-left: 6px; line-height: 18px; white-space: nowrap; }}
.bars .why {{ font: inherit; font-size: 13px; line-height: 24px; margin: -3px 0 -3px 4px; padding: 0 6px; color: inherit; opacity: .8;
  background: none; border: 0; border-radius: 4px; text-decoration: underline; text-underline-offset: 3px; cursor: pointer; }}
.bars .why:hover {{ opacity: 1; background: color-mix(in srgb, currentColor 12%, transparent); }}
.bars .why:focus-visible {{ outline: 2px solid currentColor; }}
@container (max-width: 640px) {{
  .bars.two {{ grid-template-columns: 1fr; }}
  .bars.two .name {{ text-align: left; line-height: 22px; }}
}}
@container (max-width: 300px) {{  /* names beside would leave the bars no room */
  .bars {{ grid-template-columns: 1fr; }}
  .bars .name {{ text-align: left; line-height: 22px; }}
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
    inner = f'<div class="{classes}" role="{role}" aria-label="{escape(label)}">{rows}</div>'
    return f'<style>{CSS}</style><div class="barred">{inner}</div>'


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
    return (
        f'<span class="name">{escape(name)}</span><span class="track">'
        f'<i class="now" style="width: {100 * now.probability:.2f}%"></i>{outline}'
        f'<span class="end" style="left: {end:.2f}%"><span class="value">{escape(value)}</span>{_ask(now, why)}</span></span>'
    )


def _ask(one: Prediction, why: Mapping[str, str] | None) -> str:
    """The button behind a bar's number, if there is one."""
    if why is None:
        return ""
    label = f'aria-label="{escape(t("bars_why_of", name=class_word(one.name)))}"'
    return f'<button type="button" class="why" {label} {why_data(one.class_id, **why)}>{escape(t("bars_why"))}</button>'


def count_bars(counts: Sequence[tuple[str, int]], label: str) -> str:
    """HTML of how often each name occurs, on an axis up to the most frequent."""
    most = max(count for _, count in counts)
    rows = "".join(
        f'<span class="name">{escape(name)}</span><span class="track"><i class="now" style="width: {100 * count / most:.2f}%"></i>'
        f'<span class="end" style="left: {100 * count / most:.2f}%"><span class="value">{count:,}</span></span></span>'
        for name, count in counts
    )
    return f'<style>{CSS}</style><div class="bars" role="img" aria-label="{escape(label)}">{rows}</div>'
