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
    st.dataframe(list(rows), hide_index=True, key=key, **options)
    st.download_button(
        t("take_csv"), to_csv(rows), f"alexnet-{state.model_name()}-{key.replace('_', '-')}.csv", "text/csv",
        key=f"csv_{key}", on_click="ignore", type="tertiary",
    )  # fmt: skip


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as CSV in UTF-8, with the mark by which spreadsheets know it."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig")
