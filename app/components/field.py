"""A field of values to walk over, by pointer or arrow keys: one cell a place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.components.wire import pack
from app.figures import RAMP

HTML = (
    '<div class="field"><canvas tabindex="0" role="application"></canvas><div class="told" role="status"></div></div>'
)
CSS = """
.field { font: 14px var(--st-font); color: var(--st-text-color); max-width: 420px; }
canvas { display: block; width: 100%; aspect-ratio: 1; cursor: pointer; touch-action: manipulation; }
.told { min-height: 24px; line-height: 24px; font-variant-numeric: tabular-nums; }
"""
_component = st.components.v2.component(
    "alexnet.field", html=HTML, css=CSS, js=(Path(__file__).parent / "field.js").read_text(encoding="utf-8")
)


def field(
    values: npt.NDArray[np.float32],
    at: tuple[float, float],
    labels: tuple[str, str],
    key: str,
    unit: int,
    on_choice: Callable[[int, int], None],
) -> None:
    """Draw a field.

    Parameters
    ----------
    values : ndarray of shape (rows, columns), 0..1
    at : tuple of float
        Row and column of the place in use; a part of a cell for a place between two.
    labels : tuple of str
        What the field is, and what is said of a place: with {row}, {column} and {value}.
    unit : int
        How far apart two cells are: cell 3 is at row 3 * unit.
    on_choice : callable
        Called with row and column of the cell that was chosen, before the page is drawn anew.
    """
    heard = (st.session_state.get(key, {}).get("cell") or (0, 0, 0))[2]  # choices are numbered, see field.js
    header = {"rows": values.shape[0], "columns": values.shape[1], "at": at, "heard": heard, "ramp": RAMP.tolist(),
              "unit": unit, "label": labels[0], "told": labels[1]}  # fmt: skip
    _component(
        data=pack(header, values.astype(np.float32)),
        key=key,
        on_cell_change=lambda: on_choice(*map(int, st.session_state[key]["cell"][:2])),
    )
