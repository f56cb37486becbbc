"""What is in sight as files: pictures, activations, probabilities, the page."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import streamlit as st

from app import answers, state
from app.components.take_away import take_away
from app.tables import drawn, to_csv
from app.text import class_word, t
from model.explorer import Activations

ALL = "*"


def take_away_panel(page: str) -> None:
    """The page's pictures and itself, from the browser; numbers from here. Made when it is opened, not at every click before."""
    panel, tables = st.popover(t("take_title"), key="take", on_change="rerun"), drawn()
    with panel:
        st.caption(t("take_caption"))
        if not panel.open:
            return
        take_away(page, tables)
        names = [row.name for row in state.explorer().config.layers]
        at = state.view().fitting(state.explorer().config).layer
        layer = st.selectbox(
            t("take_layer"), [*names, ALL], index=names.index(at), key=f"take_layer_{at}",
            format_func=lambda name: t("take_all_layers") if name == ALL else name,
        )  # fmt: skip
        seen, stem = answers.activations(), f"alexnet-{state.model_name()}"
        chosen = names if layer == ALL else [layer]
        about = told_of(seen, chosen)  # here: the file is made in a thread that knows of no session
        with st.container(horizontal=True, gap="small"):
            st.download_button(
                t("take_npz"), lambda: to_npz(seen, chosen, about), f"{stem}-{'all' if layer == ALL else layer}.npz",
                "application/octet-stream", key="take_npz", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                t("take_probabilities"), to_csv(probabilities(seen)), f"{stem}-probabilities.csv", "text/csv",
                key="take_probabilities", on_click="ignore",
            )  # fmt: skip
        st.caption(t("take_npz_caption"))


def told_of(seen: Activations, layers: list[str]) -> dict[str, Any]:
    """What it takes to know what activations are of: model, picture, lesions, crop."""
    view = state.view()
    return {
        "model": state.model_name(),
        "commit": state.explorer().info.commit,
        "picture": state.picture().name,
        "shapes": {name: seen[name].shape for name in layers},
        "units": "counted from 0; those named under muted, as in the link, from 1",
        "muted": dict(view.lesions.fitting(state.explorer().config).amounts),
        "crop": {"row": seen.view.row, "column": seen.view.column, "mirror": seen.view.mirror, "colour": seen.view.colour},
        "painted": bool(view.edits.paint),
    }  # fmt: skip


def to_npz(seen: Activations, layers: list[str], about: dict[str, Any]) -> bytes:
    """Activations of layers by name, each of shape (units, rows, columns) or (units,), and `about` as `meta`, a JSON text."""
    file, arrays = io.BytesIO(), {name: seen[name] for name in layers}
    np.savez_compressed(file, meta=json.dumps(about), **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def probabilities(seen: Activations) -> list[dict[str, object]]:
    """Every class, the most probable first."""
    every = seen.top(len(seen.classes))
    return [
        {"id": one.class_id, t("column_class"): class_word(one.name), t("window_probability"): one.probability}
        for one in every
    ]
