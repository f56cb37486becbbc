"""Section 4.1's test: ten crops, what each of them votes for, and their average."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

from app import answers, state
from app.bars import why_data
from app.components.picture import cropped
from app.figures import BAR_COLOUR, probability_text
from app.text import class_word, t
from app.top_five import bars
from model.explorer import Activations, TenCrops, top
from model.preprocess import View, ten_crop_offsets

THUMBNAIL_PX = 160
CSS = f"""
.votes.votes {{ list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(2, 1fr); gap: 16px; }}
@media (min-width: 900px) {{
  .votes.votes {{ grid-template: repeat(2, auto) / repeat(5, 1fr); grid-auto-flow: column; }}
}}
.votes.votes li {{ margin: 0; padding: 0; min-width: 0; font-size: 14px; line-height: 1.35; }}
.votes button {{ font: inherit; color: inherit; text-align: left; width: 100%; padding: 0; background: none; border: 0; cursor: pointer; }}
.votes button > * {{ display: block; }}
.votes button:hover img {{ outline: 2px solid currentColor; }}
.votes button:focus-visible {{ outline: 3px solid currentColor; outline-offset: 2px; }}
.votes img {{ width: 100%; }}
.votes .where {{ opacity: .8; margin-top: 4px; }}
.votes .class {{ overflow-wrap: anywhere; }}
.votes .bar {{ height: 6px; background: color-mix(in srgb, currentColor 12%, transparent); }}
.votes .bar i {{ display: block; height: 100%; background: {BAR_COLOUR}; }}
.votes b {{ font-variant-numeric: tabular-nums; font-weight: 600; }}
"""


def ten_crops_panel(seen: Activations) -> None:
    """The ten crops on demand: they cost ten times what one does."""
    st.subheader(t("ten_title"))
    seconds = 10 * seen.milliseconds["forward"] / 1e3
    state.show("ten", state.view().ten)
    if not st.toggle(t("ten_show"), key="ten", on_change=_take):
        st.caption(t("ten_how", seconds=seconds))
        return
    with st.spinner(t("ten_wait", seconds=seconds)):
        ten = answers.ten_crops()
    bars(ten, None, "ten_bars")
    st.caption(t("ten_caption", agree=_agreeing(ten)))
    st.markdown(f"**{t('predict_votes')}**")
    st.html(f'<style>{CSS}</style><ol class="votes">{"".join(_vote(ten, i) for i in range(10))}</ol>')
    st.caption(t("ten_votes_caption"))


def _take() -> None:
    state.change(ten=st.session_state["ten"])


def _agreeing(ten: TenCrops) -> int:
    """How many crops' first choice is the average's."""
    return int((ten.views.argmax(1) == ten.mean.argmax()).sum())


def _vote(ten: TenCrops, i: int) -> str:
    """One crop, its place and its first choice, as an item of a list."""
    shown = state.crop_view()
    (row, column), mirror = ten_crop_offsets(shown.crop_px)[i // 2], i % 2 == 1
    place = t(f"place_{i // 2}")
    where = html.escape(t("mirrored", place=place) if mirror else place)
    first = top(ten.views[i], ten.classes, 1)[0]
    source = _thumbnail(cropped(ten.square, View(row, column, mirror, shown.colour, shown.crop_px)))
    name, probability = html.escape(class_word(first.name)), html.escape(probability_text(first.probability))
    ask = t("ten_why", name=name, probability=probability, place=where)
    return (
        f'<li><button type="button" aria-label="{ask}" {why_data(first.class_id, crop=str(i))}>'
        f'<img src="{source}" alt="{t("ten_alt", place=where)}">'
        f'<span class="bar"><i style="width: {100 * first.probability:.1f}%"></i></span>'
        f'<span class="class">{name} <b>{probability}</b></span><span class="where">{where}</span></button></li>'
    )


def _thumbnail(pixels: npt.NDArray[np.uint8]) -> str:
    """A picture as a data URL."""
    file = io.BytesIO()
    Image.fromarray(pixels).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BICUBIC).save(
        file, "JPEG", quality=85
    )
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
