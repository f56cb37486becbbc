"""What the codes are worth: whether a picture brings its class, and whether codes bring fc7's own neighbours."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app import state
from app.folded import folded
from app.tables import table
from app.text import t

SPACES = ("fc7", "fc6", "pool5", "pixels")
METHODS = {"pca-sign": "codes_pca_sign", "autoencoder": "codes_autoencoder"}


def codes_panel() -> None:
    """The table that `python -m training.codes` measured, where the model has one."""
    path = state.model_path().parent / "codes.json"
    if path.exists():
        folded(t("codes_title"), "codes", partial(_report, path))


def _report(path: Path) -> None:
    report = json.loads(path.read_text(encoding="utf-8"))
    st.markdown(t("codes_caption", pictures=report["pictures"], queries=report["queries"], k=report["k"]))
    table([row_of(name, row) for name, row in report["spaces"].items()], "codes_table")
    own, codes = (_best(report, name) for name in ("pca-sign", "autoencoder"))
    st.markdown(t("codes_verdict_yes" if codes > own else "codes_verdict_no", own=own, codes=codes))
    st.caption(t("codes_source", hardware=report["hardware"], commit=report["commit"]))


def row_of(name: str, row: dict[str, Any]) -> dict[str, str]:
    """What was measured of one space, as a row of the table."""
    method, _, bits = name.partition(" ")
    title = t(f"space_{name}_short") if name in SPACES else t(METHODS[method], bits=bits)
    return {
        t("codes_space"): title,
        t("codes_share"): f"{row['share']:.1%}",
        t("codes_precision"): f"{row['mean_average_precision']:.3f}",
        **{t("codes_recall", depth=depth): f"{recall:.3f}" for depth, recall in row["recall"].items()},
    }


def _best(report: dict[str, dict[str, dict[str, float]]], method: str) -> float:
    """Share of the class that a method's longest codes bring."""
    names = [name for name in report["spaces"] if name.startswith(method)]
    return float(report["spaces"][names[-1]]["share"])
