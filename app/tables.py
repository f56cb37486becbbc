"""Tables on the screen, each with itself as a file beneath."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import state
from app.text import t


def table(rows: Sequence[Mapping[str, Any]], key: str, **options: Any) -> None:
    """Draw rows of named cells; `options` are st.dataframe's."""
    _drawn()[key] = [list(rows[0]) if rows else [], *([_text(cell) for cell in row.values()] for row in rows)]
    with st.container(key=f"table_{key}"):  # by which the page's file finds its place
        st.dataframe(list(rows), hide_index=True, key=key, **options)
        csv_button(rows, key)


def csv_button(rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Rows as a file, beneath what shows them."""
    st.download_button(
        t("take_csv"), to_csv(rows), f"alexnet-{state.model_name()}-{key.replace('_', '-')}.csv", "text/csv",
        key=f"csv_{key}", on_click="ignore", type="tertiary",
    )  # fmt: skip


def drawn() -> dict[str, list[list[str]]]:
    """The tables that were drawn since this was last asked, by key: their titles, then their rows, as text."""
    tables = _drawn()
    st.session_state["tables_drawn"] = {}
    return tables


def _drawn() -> dict[str, list[list[str]]]:
    tables: dict[str, list[list[str]]] = st.session_state.setdefault("tables_drawn", {})
    return tables


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return "" if cell is None else str(cell)


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as CSV in UTF-8, with the mark by which spreadsheets know it."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig")
