"""Measure the project's figures of speed.

    python -m benchmarks [NAME ...] [--json]

Prints one line a figure and keeps the last of each in benchmarks/results.json. `python -m benchmarks.readme` writes
README's tables from it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from dataclasses import asdict
from pathlib import Path

import benchmarks
from benchmarks.figure import Figure

RESULTS = Path(__file__).parent / "results.json"
NOT_BENCHMARKS = {"__main__", "explorer_server", "figure", "light_user", "ort_alone", "readme", "synthetic_features"}


def names() -> list[str]:
    """Every script here that measures something."""
    return sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - NOT_BENCHMARKS)


def keep(figures: list[Figure], results: Path = RESULTS) -> None:
    """Put figures in the file, in place of earlier ones of the same name."""
    kept = {row["name"]: row for row in json.loads(results.read_text())} if results.exists() else {}
    kept |= {figure.name: asdict(figure) for figure in figures}
    results.write_text(json.dumps([kept[name] for name in sorted(kept)], indent=1) + "\n")


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring. Exit status 1 when a goal is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the project's figures of speed.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all if none is given")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    args = parser.parse_args(argv)
    if unknown := set(args.names) - set(names()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; choose of {', '.join(names())}")
    missed = False
    for name in args.names or names():
        try:
            figures: list[Figure] = importlib.import_module(f"benchmarks.{name}").measure()
        except ValueError as reason:
            print(f"{name}: {reason}", file=sys.stderr)
            missed = True
            continue
        for figure in figures:
            print(json.dumps(asdict(figure)) if args.json else figure.line(), flush=True)
            missed = missed or figure.met is False
        keep(figures)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
