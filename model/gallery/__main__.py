"""Galleries: the pictures that a network finds near others.

python -m model.gallery build MODEL SOURCE DEST [--split val] [--layers pool5 fc6 fc7] [--limit N]
python -m model.gallery compact GALLERY DEST.pq --model MODEL
python -m model.gallery pictures GALLERY.pq SOURCE... --model MODEL

`build` runs a picture set (a folder of pictures or class folders, Parquet, a prepared split) through a network; stopped, the
same command goes on. Under torchrun each process takes its share. `compact` writes what ships with a model: no pictures.
`pictures` finds those of such a file in sets that you have, and keeps their thumbnails.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from model.gallery import compact
from model.gallery.build import LAYERS, build
from model.gallery.store import Gallery, thumbnails_path
from model.picture_set import SPLIT_NAMES

GALLERIES = Path(__file__).parent.parent.parent / "galleries"
COUNTED = ("pictures", "thumbnails")  # stages that count pictures
NICENESS = 5  # pages come first


class Teller:
    """Tells on one line how far it is; or, for a program, as JSON."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.stage, self.since, self.first, self.width = "", 0.0, 0, 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self.as_json:
            print(json.dumps({"stage": stage, "done": done, "total": total}), flush=True)
            return
        if stage != self.stage:
            self.end()
            self.stage, self.since, self.first = stage, time.monotonic(), done
        taken, new = time.monotonic() - self.since, done - self.first
        rate = f", {new / taken:.0f} a second" if stage in COUNTED and new and taken else ""
        left = f", {taken / new * (total - done):.0f} s left" if new and taken else ""
        how_far = f"{done:,} of {total:,}" if stage in COUNTED else f"{done / total:.0%}"
        line = f"{stage}: {how_far}{rate}{left}"
        print(f"\r{line:<{self.width}}", end="", file=sys.stderr, flush=True)
        self.width = len(line)

    def end(self) -> None:
        """Close the line that was begun."""
        if self.stage and not self.as_json:
            print(file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring. 2 for what the user can mend, 130 when stopped."""
    args = _parser().parse_args(argv)
    tell = Teller(args.json)
    if args.json and hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        said = {"build": _build, "compact": _compact, "pictures": _pictures}[args.command](args, tell)
    except (ValueError, OSError) as reason:
        tell.end()
        print(json.dumps({"error": str(reason)}) if args.json else reason, file=sys.stdout if args.json else sys.stderr)
        return 2
    except KeyboardInterrupt:
        tell.end()
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    tell.end()
    if not args.json:
        print(said)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model.gallery", description="Galleries of pictures as a network sees them."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("build", help="run a picture set through a network")
    one.add_argument("model", type=Path)
    one.add_argument("source", type=Path)
    one.add_argument("dest", type=Path)
    one.add_argument(
        "--layers", nargs="+", default=LAYERS, metavar="LAYER", help="whose activations are kept (pool5 fc6 fc7)"
    )
    one.add_argument("--split", choices=tuple(SPLIT_NAMES), default="", help="which, where the source has several")
    one.add_argument("--limit", type=int, metavar="N", help="at most this many pictures, spread evenly")
    one.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    two = commands.add_parser("compact", help="write a gallery as the one file that ships with a model")
    two.add_argument("gallery", type=Path)
    two.add_argument("dest", type=Path)
    three = commands.add_parser("pictures", help="find the pictures of a gallery that came without")
    three.add_argument("gallery", type=Path)
    three.add_argument("source", type=Path, nargs="+")
    three.add_argument("--out", type=Path, help=f"where to keep thumbnails ({GALLERIES.name}/NAME-pictures.parquet)")
    for each in (two, three):
        each.add_argument("--model", type=Path, help="its model (model.onnx beside the one file)")
    for each in (one, two, three):
        each.add_argument("--json", action="store_true", help=argparse.SUPPRESS)  # for the explorer
    return parser


def _build(args: argparse.Namespace, tell: Teller) -> str:
    built = build(
        args.model, args.source, args.dest, args.layers, args.limit, tell, device=args.device, split=args.split
    )
    if built is None:
        return "This process has done its share."
    refused = "".join(f"\n  {name}: {reason}" for name, reason in built.rejected)
    could_not = f"; {len(built.rejected):,} could not be read:{refused}" if refused else ""
    left_out = "".join(f"\n  {name}" for name in built.left_out)
    also = f"\n{built.about['num_left_out']:,} other files or folders were left out:{left_out}" if left_out else ""
    trust = ", ".join(f"{name} {value:.3f}" for name, value in built.about["map"].get("trustworthiness", {}).items())
    map_says = f"\ntrustworthiness of its maps: {trust}" if trust else ""
    return f"{args.dest}: {len(built):,} pictures{could_not}{also}{map_says}"


def _compact(args: argparse.Namespace, tell: Teller) -> str:
    gallery = Gallery.open(args.gallery, args.model or args.dest.parent / "model.onnx")
    error = compact.write(gallery, args.dest)
    megabytes = args.dest.stat().st_size / 1e6
    return f"{args.dest}: {len(gallery):,} pictures, {megabytes:.1f} MB, fc7 to {error:.2%} of its largest value"


def _pictures(args: argparse.Namespace, tell: Teller) -> str:
    gallery = Gallery.open(args.gallery, args.model or args.gallery.parent / "model.onnx")
    dest = args.out or thumbnails_path(args.gallery, GALLERIES)
    found = compact.find_pictures(gallery, args.source, dest, tell)
    if not found:
        raise ValueError(
            f"None of the {len(gallery):,} pictures is in {', '.join(map(str, args.source))}; fetch the public sets that "
            "they are from with python -m training.fetch, and name their folders."
        )
    return f"{dest}: {found:,} of {len(gallery):,} pictures found"


if __name__ == "__main__":
    sys.exit(main())
