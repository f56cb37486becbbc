"""From a recipe to everything that ships with a model, in one command, on one GPU or a CPU.

    python -m training.ship RECIPE NAME --data PATH [--device cuda] [--minutes M] [--from START]

Trains into runs/NAME (with --limit N, runs/NAME-N), then writes into assets/models/NAME: model.onnx (fc6 and fc7 in 4 bits) and gabors.npz, card.json (one
crop and ten), report.json (every class), history.npz, codes.npz and codes.json, gallery.pq and strongest.npz. Each step is a command of its own,
as docs/training.md and docs/gallery.md have them; what is newer than what it is made from is skipped, so that stopped or
killed, the same command goes on.

Tried on a CPU:  python -m training.ship smoke smoke --data PATH --limit 512 --models runs/shipped
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import training.card
import training.codes
import training.evaluate
import training.history
import training.run
from model import onnx_file
from model.export import export
from model.gallery.__main__ import Teller
from model.gallery.__main__ import main as gallery_main
from model.gallery.build import build
from model.gallery.codes import CODES
from model.gallery.store import ABOUT

KNOWN_PICTURES, QUERIES = 20_000, 5_000  # of training and validation, that codes are learned from and tried on


class NotDone(Exception):
    """A step was stopped, or said why it cannot be done."""


@dataclass(frozen=True)
class Step:
    """One command, the files that it makes, and those that it makes them from."""

    name: str
    sources: Sequence[Path]
    results: Sequence[Path]
    do: Callable[[], int | None]

    @property
    def is_done(self) -> bool:
        """Whether every result is there and no source is newer."""
        if not all(path.exists() for path in self.results):
            return False
        newest = max((path.stat().st_mtime_ns for path in self.sources if path.exists()), default=0)
        return newest <= min(path.stat().st_mtime_ns for path in self.results)


def carry_out(steps: Sequence[Step], say: Callable[[str], None] = print) -> None:
    """Every step in order, but those that are done.

    Raises
    ------
    NotDone
        When a step is not; the others have not been begun.
    """
    for number, step in enumerate(steps, 1):
        if step.is_done:
            say(f"{number} of {len(steps)}, {step.name}: is newer than what it is made from, skipped")
            continue
        say(f"{number} of {len(steps)}, {step.name}")
        if step.do() or not step.is_done:
            raise NotDone(step.name)


def steps(args: argparse.Namespace) -> list[Step]:
    """What the command line asks for.

    Raises
    ------
    ValueError
        When the run's folder holds a run of another recipe.
    """
    run, dest = args.runs / (args.name if args.limit is None else f"{args.name}-{args.limit}"), args.models / args.name
    before = (
        json.loads((run / "run.json").read_text())["recipe"]["name"] if (run / "run.json").exists() else args.recipe
    )
    if before != args.recipe:
        raise ValueError(f"{run} holds a run of the recipe {before}; take it away, or name another place with --runs.")
    model, codes = dest / "model.onnx", dest / CODES
    known, asked, shown = (run / f"{name}.gallery" for name in ("known", "asked", "val"))
    places = ["--data", str(args.data), "--cache", str(args.cache)]
    limit = [] if args.limit is None else ["--limit", str(args.limit)]
    device = ["--device", args.device]

    def train() -> int:
        goes_on = (run / "checkpoint.pt").exists()
        start = ["--from", str(args.start)] if args.start and not goes_on else []
        numbers = {"--minutes": args.minutes, "--validate-on": args.validate_on}
        told = [word for name, value in numbers.items() if value is not None for word in (name, str(value))]
        more = [*start, *told, "--unjudged", *(["--resume"] if goes_on else [])]  # the card judges what ships
        return training.run.main([args.recipe, *places, "--out", str(run), *device, *limit, *more])

    def compress() -> None:
        dest.mkdir(parents=True, exist_ok=True)
        codes.unlink(missing_ok=True)  # of a net before, whose fc7 may have another length
        export(run / "checkpoint.pt", model, onnx_file.read(run / "model.onnx")[0].metrics, compress=True)

    def picture_set(folder: Path, split: str, most: int | None, with_map: bool, sources: Sequence[Path]) -> Step:
        def make() -> None:
            discard_stale(folder, sources)
            tell, count = Teller(False), min((n for n in (most, args.limit) if n), default=None)
            build(
                model, args.data, folder, limit=count, progress=tell, device=args.device, with_map=with_map, split=split
            )
            tell.end()

        return Step(f"pictures of {split} in {folder}", sources, [folder / ABOUT], make)

    return [
        Step("training", [run / "checkpoint.pt"], [run / "model.onnx"], train),
        Step("4 bits, Gabor fits", [run / "model.onnx"], [model, dest / "gabors.npz"], compress),
        Step("card", [model], [dest / "card.json"],
             lambda: training.card.main([str(model), "--run", str(run), *places, *device, *limit])),
        Step("report", [model], [dest / "report.json"],
             lambda: training.evaluate.main([str(model), *places, *device, *limit, "--report", str(dest / "report.json")])),
        Step("history", [model], [dest / "history.npz"],
             lambda: training.history.main([str(run), str(dest / "history.npz")])),
        picture_set(known, "train", KNOWN_PICTURES, False, [model]),
        picture_set(asked, "val", QUERIES, False, [model]),
        Step("codes", [known / ABOUT, asked / ABOUT], [codes, dest / "codes.json"],
             lambda: training.codes.main([str(known), "--queries", str(asked), "--out", str(dest)])),
        picture_set(shown, "val", None, True, [model, codes]),
        Step("gallery", [shown / ABOUT], [dest / "gallery.pq", dest / "strongest.npz"],
             lambda: gallery_main(["compact", str(shown), str(dest / "gallery.pq")])),
    ]  # fmt: skip


def discard_stale(folder: Path, sources: Sequence[Path]) -> None:
    """Take away a gallery that was begun before what it is made from."""
    begun = [path for path in (folder / "parts" / "settings.json", folder / ABOUT) if path.exists()]
    newest = max(path.stat().st_mtime_ns for path in sources)
    if begun and min(path.stat().st_mtime_ns for path in begun) < newest:
        shutil.rmtree(folder)


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.ship", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", help="a file of training/recipes, without .py")
    parser.add_argument("name", help="what the model is to be called")
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--from", type=Path, dest="start", help="a checkpoint or model.onnx to start from")
    parser.add_argument("--minutes", type=float, help="train no longer than this, then ship what there is")
    parser.add_argument("--validate-on", type=int, metavar="N", help="after each epoch, only N validation pictures")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--limit", type=int, help="only N pictures of each split, everywhere: to try it")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the run's folder is, or will be")
    parser.add_argument("--models", type=Path, default=Path("assets/models"), help="where the model's folder will be")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    args = parser().parse_args(argv)
    try:
        carry_out(steps(args))
    except (NotDone, KeyboardInterrupt) as step:
        print(f"Not done: {step or 'stopped'}. The same command goes on from there.", file=sys.stderr)
        return 1
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(f"{args.models / args.name} is ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
