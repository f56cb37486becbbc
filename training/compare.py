"""Runs side by side: what came out, and what differs between their recipes. Runs that are not finished compare too.

    python -m training.compare RUN RUN... [--out compare.html]

A RUN is a folder that training.run wrote. --out writes one HTML file with the table and with error and loss against
epochs and hours; it needs no network.
"""

from __future__ import annotations

import argparse
import html
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

import plotly.graph_objects as go
from plotly.colors import qualitative
from plotly.subplots import make_subplots

from model import onnx_file
from model.layers import Config

NONE = "-"
PANELS = (("val_top1_error", "top-1 validation error, one crop, %"), ("train_loss", "training loss"))


@dataclass(frozen=True, eq=False)
class Record:
    """What a run's folder says."""

    name: str
    how: Mapping[str, Any]
    """run.json."""
    epochs: Sequence[Mapping[str, float]]
    """metrics.jsonl, one row an epoch."""
    ten_crop: tuple[float, float] | None
    """Top-1 and top-5 error in percent, once the run is finished."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        recipe: Mapping[str, Any] = self.how["recipe"]
        return recipe

    @property
    def hours(self) -> list[float]:
        """Since the run began, at the end of each epoch; pauses between resumes do not count."""
        return list(accumulate(row["wall_seconds"] / 3600 for row in self.epochs))


def read(folder: Path, name: str | None = None) -> Record:
    """Read a run's folder.

    Raises
    ------
    ValueError
        When the folder is not one.
    """
    try:
        how = json.loads((folder / "run.json").read_text())
        if not {"net", "name"} <= how["recipe"].keys():
            raise KeyError("recipe")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"{folder} is no run: it holds no run.json of training.run; give a folder that its --out named."
        ) from None
    return Record(name or folder.resolve().name, how, _rows(folder / "metrics.jsonl"), _ten_crop(folder / "model.onnx"))


def _rows(path: Path) -> list[dict[str, float]]:
    """Every whole line; the last one may be being written."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def _ten_crop(model: Path) -> tuple[float, float] | None:
    try:
        metrics = onnx_file.read(model)[0].metrics
        return metrics["ten_crop_top1_error"], metrics["ten_crop_top5_error"]
    except (ValueError, KeyError):
        return None


def read_all(folders: Sequence[Path]) -> list[Record]:
    """Several runs; those in folders of the same name are named by their paths."""
    names = [folder.resolve().name for folder in folders]
    return [
        read(folder, name if names.count(name) == 1 else str(folder))
        for folder, name in zip(folders, names, strict=True)
    ]


def results(runs: Sequence[Record]) -> list[list[str]]:
    """The table of what came out, its heading first, one row a run. Errors are top-1 / top-5 in percent."""
    heading = ["run", "recipe", "epochs", "parameters", "hours", "best", "last", "ten crops", "pictures/s"]
    return [heading, *(_result(run) for run in runs)]


def _result(run: Record) -> list[str]:
    rows = run.epochs
    errors = [(row["val_top1_error"], row["val_top5_error"]) for row in rows]
    best = min(range(len(rows)), key=lambda i: errors[i], default=None)
    return [
        run.name,
        str(run.recipe["name"]),
        f"{len(rows)} of {run.recipe.get('epochs', '?')}",
        _parameters(run.recipe["net"]),
        f"{run.hours[-1]:.2f}" if rows else NONE,
        f"{_pair(errors[best])} (epoch {rows[best]['epoch']})" if best is not None else NONE,
        _pair(errors[-1]) if rows else NONE,
        _pair(run.ten_crop) if run.ten_crop else NONE,
        f"{median(row['images_per_second'] for row in rows):.0f}" if rows else NONE,
    ]


def _pair(errors: tuple[float, float]) -> str:
    return f"{errors[0]:.2f} / {errors[1]:.2f}"


def _parameters(net: Mapping[str, Any]) -> str:
    try:
        return f"{Config.from_dict(net).num_parameters:,}"
    except (TypeError, ValueError, KeyError):  # written by other code than this
        return "?"


def differences(runs: Sequence[Record]) -> list[list[str]]:
    """The table of what differs between runs, its heading first: a row a field of the recipe or of the rest of run.json."""
    fields = [_flat(run.recipe) | _flat(_how(run.how)) for run in runs]
    keys = list(dict.fromkeys(key for one in fields for key in one))
    table = [["differs", *(run.name for run in runs)]]
    for key in keys:
        values = [str(one.get(key, NONE)) for one in fields]
        if len(set(values)) > 1:
            table.append([key, *values])
    return table


def _how(told: Mapping[str, Any]) -> dict[str, Any]:
    """The rest of run.json; of the times that a run was resumed, how many."""
    return {key: len(value) if key == "resumed" else value for key, value in told.items() if key != "recipe"}


def _flat(fields: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """{"net": {"width": 1}} as {"net.width": 1}."""
    flat: dict[str, Any] = {}
    for key, value in fields.items():
        flat |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {before + key: value}
    return flat


def text(table: Sequence[Sequence[str]]) -> str:
    """A table in columns of even width."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def figure(runs: Sequence[Record]) -> go.Figure:
    """Error (above) and loss (below) against epochs (left) and hours (right), a colour a run."""
    panels = make_subplots(rows=2, cols=2, shared_yaxes="rows", vertical_spacing=0.08, horizontal_spacing=0.03)
    for run, colour in zip(runs, qualitative.Plotly * len(runs), strict=False):
        for column, places in enumerate(([row["epoch"] for row in run.epochs], run.hours), 1):
            for line, (key, _) in enumerate(PANELS, 1):
                curve = go.Scatter(
                    x=places, y=[row[key] for row in run.epochs], name=html.escape(run.name), legendgroup=run.name,
                    showlegend=(line, column) == (1, 1), mode="lines+markers", line={"color": colour}, marker={"size": 4},
                )  # fmt: skip
                panels.add_trace(curve, row=line, col=column)
    for line, (_, title) in enumerate(PANELS, 1):
        panels.update_yaxes(title_text=title, rangemode="tozero", row=line, col=1)
    panels.update_xaxes(title_text="epoch", row=2, col=1)
    panels.update_xaxes(title_text="hours", row=2, col=2)
    panels.update_layout(template="plotly_white", height=800, legend={"orientation": "h", "y": 1.08})
    return panels


def page(runs: Sequence[Record]) -> str:
    """One HTML page: both tables and the figure, with all it needs."""
    tables = "\n".join(_html(table) for table in (results(runs), differences(runs)) if len(table) > 1)
    plot = figure(runs).to_html(full_html=False, include_plotlyjs=True)
    style = (
        "body { font-family: sans-serif; margin: 2em } table { border-collapse: collapse; margin: 1em 0 } "
        "th, td { text-align: left; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd }"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Runs</title><style>{style}</style></head>\n'
        f"<body>\n<h1>Runs</h1>\n<p>Errors are top-1 / top-5 on the validation split, in percent.</p>\n"
        f"{tables}\n{plot}\n</body></html>\n"
    )


def _html(table: Sequence[Sequence[str]]) -> str:
    rows = [
        "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"
        for row, tag in zip(table, ["th"] + ["td"] * len(table), strict=False)
    ]
    return "<table>\n" + "\n".join(rows) + "\n</table>"


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a folder that training.run wrote")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write tables and curves as one HTML file")
    args = parser.parse_args(argv)
    try:
        runs = read_all(args.runs)
        print(text(results(runs)))
        print("\nErrors are top-1 / top-5 on the validation split, one crop if not said otherwise, in percent.")
        if len(table := differences(runs)) > 1:
            print(f"\n{text(table)}")
        if args.out:
            args.out.write_text(page(runs), encoding="utf-8")
            print(f"\n{args.out} shows the curves.")
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
