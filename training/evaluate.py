"""Top-1 and top-5 error on a split, of one model or of several together. The preprocessing is the app's own.

    python -m training.evaluate MODEL.onnx [MODEL.onnx ...] --data PATH --split val [--ten-crop | --dense] [--limit N]
        [--per-class] [--json] [--report FILE.json]

Several models are an ensemble: their probabilities are averaged, as the paper's five and seven networks' are. Intervals
are Wilson's, at 95 %. --report writes all of it as JSON: errors, every class, the confusion matrix.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model import preprocess
from model.explorer import Explorer
from model.layers import CROP_PX
from model.provenance import commit, cpu
from training import dense
from training.judgement import Errors as Errors  # training.run and training.card take it from here
from training.judgement import Judgement
from training.prepare import prepare
from training.prepared import Prepared

Array = npt.NDArray[np.float32]
Squares = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Views:
    """How a picture is looked at: what a network is given, and how many answers it returns for each picture."""

    words: str
    crops: int
    cut: Callable[[Squares, Array, int], Array]
    """Squares (n, 256, 256, 3), a mean and a crop's side to the network's inputs, those of a picture one behind the other."""


def _one_crop(squares: Squares, mean: Array, crop_px: int) -> Array:
    return np.concatenate([preprocess.crop(square, mean, preprocess.centre(crop_px)) for square in squares])


def _ten_crops(squares: Squares, mean: Array, crop_px: int) -> Array:
    return np.concatenate([preprocess.ten_crops(square, mean, crop_px=crop_px) for square in squares])


ONE_CROP = Views("one crop", 1, _one_crop)
TEN_CROPS = Views("ten crops", 10, _ten_crops)
DENSE = Views("dense", dense.NUM_PLACES, lambda squares, mean, _: dense.dense_squares(squares, mean))


@dataclass(frozen=True)
class Voter:
    """One network of an ensemble: its mean, its crops' side, and inputs to probabilities (n * crops, classes)."""

    probabilities: Callable[[Array], Array]
    mean: Array
    crop_px: int = CROP_PX


def evaluate(
    probabilities: Callable[[Array], Array],
    pictures: Prepared,
    mean: Array,
    ten_crop: bool = False,
    batch_size: int = 64,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Errors:
    """Error of a classifier on a prepared split.

    Parameters
    ----------
    probabilities : callable
        Crops (n, 3, 224, 224) to class probabilities (n, classes).
    mean : ndarray of shape (3,) or (3, 256, 256)
        The mean that the classifier was trained with.
    ten_crop : bool
        Average the probabilities of ten crops (section 4.1) instead of taking the centre one.
    """
    views = TEN_CROPS if ten_crop else ONE_CROP
    return judge([Voter(probabilities, mean)], pictures, views, batch_size, progress).errors


def judge(
    voters: Sequence[Voter],
    pictures: Prepared,
    views: Views = ONE_CROP,
    batch_size: int = 64,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Judgement:
    """Answers of a network, or of several whose probabilities are averaged, to a prepared split.

    Crops are cut in a thread, one batch ahead of the networks.

    Parameters
    ----------
    batch_size : int
        At most this many inputs at once, but at least one picture's.
    progress : callable
        Told the number of pictures judged, and of all.
    """
    done, total, parts = 0, len(pictures.labels), []
    for inputs, labels in _prefetched(voters, pictures, views, max(1, batch_size // views.crops)):
        votes = [
            voter.probabilities(views_of_one).reshape(len(labels), views.crops, -1).mean(1)
            for voter, views_of_one in zip(voters, inputs, strict=True)
        ]
        parts.append(Judgement.of(np.mean(votes, axis=0), labels, views.crops))
        done += len(labels)
        progress(done, total)
    return Judgement.join(parts)


def _prefetched(
    voters: Sequence[Voter], pictures: Prepared, views: Views, size: int
) -> Iterator[tuple[list[Array], npt.NDArray[np.int64]]]:
    """Each batch's inputs, one array a voter, and labels."""

    def load(start: int) -> tuple[list[Array], npt.NDArray[np.int64]]:
        squares, labels = pictures.images[start : start + size], pictures.labels[start : start + size]
        return [views.cut(squares, voter.mean, voter.crop_px) for voter in voters], labels

    with ThreadPoolExecutor(1) as pool:
        pending: Future[tuple[list[Array], npt.NDArray[np.int64]]] = pool.submit(load, 0)
        for start in range(size, len(pictures.labels), size):
            ready, pending = pending, pool.submit(load, start)
            yield ready.result()
        yield pending.result()


def prepare_for(explorer: Explorer, data: Path, split: str, cache: Path) -> Prepared:
    """A split whose classes are the model's.

    Raises
    ------
    ValueError
        When they are not, or the split cannot be prepared.
    """
    pictures = prepare(data, split, cache)
    if pictures.class_ids != explorer.class_ids:
        raise ValueError(f"{data} has other classes than the model, so its errors would mean nothing.")
    return pictures


def open_models(paths: Sequence[Path], device: str) -> list[Explorer]:
    """The models of an ensemble.

    Raises
    ------
    ValueError
        When one cannot be opened, or their classes differ.
    """
    explorers = [Explorer.open(path, device) for path in paths]
    for path, explorer in zip(paths, explorers, strict=True):
        if explorer.class_ids != explorers[0].class_ids:
            raise ValueError(
                f"{path} has other classes than {paths[0]}; an ensemble is of models that learned the same ones."
            )
    return explorers


def voter(explorer: Explorer, views: Views, engine: str = "onnx") -> Voter:
    """A model file as a voter: in ONNX Runtime, or with its weights in torch, where dense views always run."""
    own = (explorer.mean, explorer.config.crop_px)
    if views is DENSE:
        dense.check(explorer.config)
        return Voter(dense.torch_probabilities(dense.slide(dense.torch_net(explorer))), *own)
    if engine == "torch":
        return Voter(dense.torch_probabilities(dense.torch_net(explorer)), *own)
    return Voter(explorer.probabilities, *own)


def report(judgement: Judgement, explorers: Sequence[Explorer], about: dict[str, Any]) -> dict[str, Any]:
    """Everything that was found, as plain data; `about` says of what and how."""
    classes = explorers[0].info.classes
    return {
        "format": 1,
        **about,
        "model_commits": [explorer.info.commit for explorer in explorers],
        "errors": judgement.errors.to_dict(),
        "per_class": judgement.per_class(classes),
        "confusions": judgement.confusions(classes),
        "confusion_matrix": judgement.confusion.tolist(),
        "commit": commit(),
        "hardware": cpu() if explorers[0].device.startswith("CPU") else f"{explorers[0].device}, {cpu()}",
    }


def lines(found: dict[str, Any], classes: Sequence[tuple[str, str]], every_class: bool = False) -> Iterator[str]:
    """A report as text: errors, the ten worst classes or all of them, the five most frequent confusions."""
    errors, names = found["errors"], dict(classes)
    intervals = [" to ".join(f"{end:.2f}" for end in errors[f"top{k}_interval"]) for k in (1, 5)]
    yield (
        f"{errors['top1_error']:.2f} % top-1, {errors['top5_error']:.2f} % top-5 error "
        f"({found['views']}, {errors['num_images']:,} pictures)"
    )
    yield f"95 % intervals: {intervals[0]} % and {intervals[1]} %"
    rows = sorted(
        (row for row in found["per_class"] if row["num_images"]),
        key=lambda row: (-row["top1_error"], -row["top5_error"]),
    )
    shown = rows if every_class else rows[:10]
    yield ""
    yield f"{'top-1':>7} {'top-5':>7} {'n':>6}  class" + (
        "" if len(shown) == len(rows) else f", worst {len(shown)} of {len(rows)}"
    )
    for row in shown:
        yield f"{row['top1_error']:7.1f} {row['top5_error']:7.1f} {row['num_images']:6,}  {row['name']}"
    if found["confusions"]:
        yield ""
        yield "  taken  class -> for"
        for pair in found["confusions"][:5]:
            yield f"{pair['num_images']:7,}  {names[pair['true']]} -> {names[pair['guess']]}"


def progress_line(what: str = "evaluating") -> Callable[[int, int], None]:
    """Prints how far an evaluation is and how long it still takes."""
    start = time.monotonic()

    def show(done: int, total: int) -> None:
        left_seconds = (time.monotonic() - start) / done * (total - done)
        end = "\n" if done == total else "\r"
        print(f"{what}: {done:,} of {total:,}, {left_seconds:.0f} s left   ", end=end, file=sys.stderr, flush=True)

    return show


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", type=Path, nargs="+", metavar="MODEL", help="an ONNX file of this project; several vote"
    )
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    views = parser.add_mutually_exclusive_group()
    views.add_argument("--ten-crop", dest="views", action="store_const", const=TEN_CROPS, help="average ten crops")
    views.add_argument(
        "--dense", dest="views", action="store_const", const=DENSE, help="average all places of the square"
    )
    parser.add_argument("--limit", type=int, help="only N pictures, spread evenly over the split")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--engine", choices=("onnx", "torch"), default="onnx", help="what runs the net; --dense is torch's"
    )
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    parser.add_argument("--per-class", action="store_true", help="print every class, not the ten worst")
    parser.add_argument("--json", action="store_true", help="print the errors as JSON and nothing else")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write everything as JSON")
    parser.set_defaults(views=ONE_CROP)
    return parser.parse_args(argv)


def _run(args: argparse.Namespace) -> None:
    explorers = open_models(args.models, args.device)
    pictures = prepare_for(explorers[0], args.data, args.split, args.cache).head(args.limit)
    start = time.monotonic()
    voters = [voter(explorer, args.views, args.engine) for explorer in explorers]
    judgement = judge(voters, pictures, args.views, progress=progress_line())
    about = {
        "models": [str(path) for path in args.models],
        "data": str(args.data),
        "split": args.split,
        "views": args.views.words,
        "engine": "torch" if args.views is DENSE else args.engine,
        "seconds": time.monotonic() - start,
    }
    found = report(judgement, explorers, about)
    if args.report:
        args.report.write_text(json.dumps(found) + "\n", encoding="utf-8")
    if args.json:
        print(json.dumps(found["errors"]))
    else:
        print("\n".join(lines(found, explorers[0].info.classes, args.per_class)))


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    args = _arguments(argv)
    try:
        _run(args)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
