"""What network is this, how was it trained, and how wrong is it?"""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app import answers, curves, figures, state
from app import card as cards
from app.chart import chart
from app.folded import folded
from app.import_panel import import_panel
from app.tables import table
from app.text import class_word, plain, said, t
from model.layers import Config, Layer


def main() -> None:
    """Totals, card, layer table, device and times."""
    if not state.model_paths():
        import_panel()
    explorer = state.explorer()
    config = explorer.config
    st.subheader(t("model_title"))
    st.write(
        t(
            "model_totals",
            parameters=config.num_parameters,
            macs=config.num_macs,
            neurons=config.num_neurons,
            classes=config.num_classes,
        )
    )
    st.markdown(f"#### {t('model_card')}")
    _card()
    if curve := curves.last_curve():
        folded(t("model_curves"), "model_curves", partial(curves.draw, curve))
    _report()
    st.write(t("model_runs_on", device=said(explorer.device)))
    st.write(t("model_times", **answers.activations().milliseconds))
    st.markdown(f"#### {t('import_title')}")
    import_panel()
    st.markdown(f"#### {t('model_layers')}")
    _table(config)


def _card() -> None:
    card = cards.read()
    if not card:
        st.info(t("model_no_card"))
        _origin()
        return
    facts = {"epochs": f"{card['num_epochs']:.3g}", "recipe": card["recipe"]["name"]}
    st.write(
        t(
            "model_trained_on",
            **facts,
            data=said(card["data"]),
            **{key: card[key] for key in ("hours", "hardware", "commit")},
        )
    )
    _before(card.get("trained_before", []))
    if card.get("hours_in_all") is not None and card.get("trained_before"):
        st.write(t("model_hours", hours=card["hours_in_all"]))
    if "parity" in card:
        off = max(card["parity"]["activation_errors"].values())
        st.write(t("model_file", megabytes=card["megabytes"], off=math.ceil(1e6 * off) / 1e4))
    one, ten = card["one_crop"], card["ten_crop"]
    errors = {
        "one1": one["top1_error"],
        "one5": one["top5_error"],
        "ten1": ten["top1_error"],
        "ten5": ten["top5_error"],
    }
    st.write(t("model_errors", num_images=one["num_images"], **errors))
    if "top1_interval" in ten:
        _intervals(ten, "ten crops")
    if small := card.get("compression"):
        full, off = small["full_precision_one_crop"], small["activation_errors"]
        layers = ", ".join(small["layers_in_4_bits"])
        cells = {"layers": layers, "full1": full["top1_error"], "full5": full["top5_error"], "fc7": 100 * off["fc7"]}
        st.write(t("model_compressed", **cells))
    st.markdown("\n".join(f"- {said(limit)}" for limit in card["limits"]))


def _intervals(errors: dict[str, Any], views: str) -> None:
    """Between what the errors of one crop or ten lie."""
    ends = {f"{end}{k}": errors[f"top{k}_interval"][i] for k in (1, 5) for i, end in enumerate(("low", "high"))}
    st.write(t("model_intervals", views=said(views), num_images=errors["num_images"], **ends))


def _before(trainings: list[dict[str, Any]]) -> None:
    """The trainings before this one, those of two networks that were put side by side by their side."""

    def words(parts: list[dict[str, Any]]) -> str:
        return t("model_part_next").join(map(_part, parts))

    first, second, rest = ([one for one in trainings if one.get("side") == side] for side in (1, 2, None))
    if first and second:
        st.write(t("model_joined", first=words(first), second=words(second)))
    if rest:
        st.write(t("model_then" if first else "model_started_from", parts=words(rest)))


def _part(part: dict[str, Any]) -> str:
    """A training's recipe and epochs; other people's networks do not say how many they had."""
    return (
        t("model_part", recipe=part["recipe"], epochs=f"{part['epochs']:.3g}")
        if "epochs" in part
        else str(part["recipe"])
    )


def _origin() -> None:
    """What the model's file says of itself."""
    info = state.explorer().info
    recipe = dict(info.recipe)
    if "sha256" in recipe:
        facts = {name: plain(said(str(recipe[name]))) for name in ("name", "source", "sha256")}
        st.write(t("model_imported", **facts))
    else:
        st.write(t("model_file_says", recipe=plain(str(recipe.get("name", "–"))), commit=info.commit))


def _report() -> None:
    """What `training.evaluate --report` found, where it is beside the model."""
    path = state.model_path().parent / "report.json"
    if path.exists():
        folded(t("model_report"), "model_report", partial(_draw_report, path))


def _draw_report(path: Path) -> None:
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    _intervals(report["errors"], report["views"])
    chart(figures.confusions(report, class_word), "confusions", t("model_confusions_caption"))
    st.caption(t("model_confusions_caption"))
    rows = sorted(report["per_class"], key=lambda row: -(row["top1_error"] or 0))
    columns = {
        "name": "column_class",
        "num_images": "column_images",
        "top1_error": "column_top1",
        "top5_error": "column_top5",
    }
    cells = [
        {t(title): class_word(row[key]) if key == "name" else row[key] for key, title in columns.items()}
        for row in rows
    ]
    percent = st.column_config.NumberColumn(format="%.1f")
    table(
        cells,
        "class_table",
        column_config={t(columns[key]): percent for key in ("top1_error", "top5_error")},
    )
    if frequent := report.get("confusions"):
        names = {row["id"]: class_word(row["name"]) for row in report["per_class"]}
        titles = (t("column_class"), t("column_taken_for"), t("column_images"))
        st.write(t("model_frequent"))
        table(
            [
                dict(zip(titles, (names[pair["true"]], names[pair["guess"]], pair["num_images"]), strict=True))
                for pair in frequent
            ],
            "confusion_table",
        )


def _table(config: Config) -> None:
    times = answers.layer_times()
    rows = [
        {
            t("column_layer"): row.name,
            t("column_shape"): " x ".join(map(str, row.shape)),
            t("column_weights"): " x ".join(map(str, row.weight_shape or ())),
            t("column_parameters"): row.num_parameters or None,
            t("column_macs"): row.num_macs or None,
            t("column_field"): row.field_px,
            t("column_time"): round(times[row.name], 2),
            t("column_reads"): _reads(config, row) if row.weight_shape else "",
        }
        for row in config.layers
    ]
    counts = {t(key): st.column_config.NumberColumn(format="localized") for key in ("column_parameters", "column_macs")}
    table(rows, "layer_table", height="content", column_config=counts, placeholder="")


def _reads(config: Config, row: Layer) -> str:
    if row.name == "conv1":
        return t("reads_all")
    if config.towers == 1:
        return t("reads_one")
    return t("reads_both") if row.reads_both else t("reads_own")


main()
