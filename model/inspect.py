"""What is in a model file: layers, shapes, parameters, towers, classes.

python -m model.inspect MODEL [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from model import onnx_file
from model.onnx_file import ModelInfo


def describe(info: ModelInfo) -> dict[str, Any]:
    """A model as plain data: its layer table, totals, classes, and what it says of its training."""
    net = info.config
    return {
        "layers": [
            {
                "name": row.name,
                "kind": row.kind,
                "shape": row.shape,
                "towers": row.towers,
                "reads": "both towers" if row.reads_both else "its own tower" if row.groups == 2 else "all",
                "weight_shape": row.weight_shape,
                "parameters": row.num_parameters,
                "macs": row.num_macs,
                "receptive_field_px": row.field_px,
            }
            for row in net.layers
        ],
        "parameters": net.num_parameters,
        "macs": net.num_macs,
        "neurons": net.num_neurons,
        "towers": net.towers,
        "classes": [{"id": key, "name": name} for key, name in info.classes],
        "config": net.to_dict(),
        "recipe": info.recipe,
        "commit": info.commit,
        "metrics": info.metrics,
    }


def table(info: ModelInfo) -> str:
    """The layer table as text."""
    lines = [f"{'layer':9}{'shape':>15}{'weights':>18}{'parameters':>13}{'MACs':>14}  reads"]
    facts = describe(info)
    for row in facts["layers"]:
        shape = " x ".join(map(str, row["shape"]))
        weights = " x ".join(map(str, row["weight_shape"] or ()))
        counts = f"{row['parameters']:>13,}{row['macs']:>14,}" if row["parameters"] else " " * 27
        reads = row["reads"] if row["parameters"] else ""
        lines.append(f"{row['name']:9}{shape:>15}{weights:>18}{counts}  {reads}".rstrip())
    lines.append(f"{'total':9}{'':33}{facts['parameters']:>13,}{facts['macs']:>14,}")
    lines.append(f"{facts['neurons']:,} neurons; {facts['towers']} tower(s); {len(info.classes)} classes:")
    lines.append(", ".join(name for _, name in info.classes))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m model.inspect", description="What is in a model file.")
    parser.add_argument("model", type=Path, help="an ONNX file of this project")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    try:
        info, _ = onnx_file.read(args.model)
    except ValueError as reason:
        print(reason, file=sys.stderr)
        return 2
    print(json.dumps(describe(info)) if args.json else table(info))
    return 0


if __name__ == "__main__":
    sys.exit(main())
