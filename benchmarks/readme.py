"""Write the tables of README and docs from benchmarks/results.json and the models' cards: `python -m benchmarks.readme`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training import codes

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "training.md", ROOT / "docs" / "gallery.md")


def speed_table(rows: list[dict[str, Any]]) -> str:
    """results.json as a Markdown table."""
    lines = ["| figure | ours | reference | ratio | goal | what, hardware, n, commit |", "|---|---|---|---|---|---|"]
    for row in rows:
        goal = f"{row['goal']}, {'met' if row['met'] else 'not met'}" if row["goal"] else ""
        times = f"{row['ours']:.3g} {row['unit']} | {row['reference']:.3g} {row['unit']}"
        source = f"{row['what']}; {row['hardware']}; n = {row['n']}; {row['commit']}"
        lines.append(f"| `{row['name']}` | {times} | {row['ratio']:.2f} | {goal} | {source} |")
    return "\n".join(lines)


def model_table(cards: list[dict[str, Any]]) -> str:
    """Cards as a Markdown table: errors in percent, top-1 / top-5."""
    lines = [
        "| model | classes | parameters, MB | hours of training | one crop | ten crops | pictures |",
        "|---" * 7 + "|",
    ]
    for card in cards:
        one, ten = (
            f"{card[crops]['top1_error']:.2f} / {card[crops]['top5_error']:.2f} %" for crops in ("one_crop", "ten_crop")
        )
        known = card["hours_in_all"] is not None
        effort = f"{card['hours_in_all']:.1f} on {card['hardware']}" if known else f"on {card['hardware']}"
        if card["trained_before"]:
            effort += f"; the last {card['hours']:.1f} by `{card['recipe']['name']}`"
        num_images = f"{card['one_crop']['num_images']:,}"
        size = f"{card['recipe']['net']['num_classes']} | {card['num_parameters']:,}, {card['megabytes']:.1f}"
        lines.append(f"| `{card['name']}` | {size} | {effort} | {one} | {ten} | {num_images} |")
    return "\n".join(lines)


def codes_table(reports: dict[str, dict[str, Any]]) -> str:
    """Every model's codes.json as a Markdown table, and whether a validation picture brings its class among the others."""
    return "\n\n".join(
        f"`{model}`: {report['queries']:,} validation pictures ask {report['pictures']:,} training pictures; the last column, each "
        f"other. {report['hardware']}, commit {report['commit']}.\n\n{codes.table(report)}"
        for model, report in reports.items()
    )


def with_tables(page: str) -> str:
    """A page's text with what stands between its markers made anew."""
    cards = [json.loads(path.read_text()) for path in sorted((ROOT / "assets" / "models").glob("*/card.json"))]
    figures = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    reports = sorted((ROOT / "assets" / "models").glob("*/codes.json"))
    tables = {
        "codes": codes_table({path.parent.name: json.loads(path.read_text()) for path in reports}),
        "search-speed": speed_table([row for row in figures if row["name"].startswith(("neighbours", "map", "drop"))]),
        "speed": speed_table([row for row in figures if row["goal"]]),
        "training-speed": speed_table(
            [row for row in figures if row["name"].startswith(("loader", "step", "lrn_cpu"))]
        ),
        "models": model_table(cards),
    }
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if begin in page:
            before, rest = page.split(begin)
            page = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return page


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
