"""Top-1 and top-5 error on a split, with one crop or ten. The preprocessing is the app's own.

python -m training.evaluate MODEL.onnx --data PATH --split val [--ten-crop] [--limit N] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model import preprocess
from model.explorer import Explorer
from training.prepare import prepare
from training.prepared import Prepared

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Errors:
    """Errors in percent of `num_images` pictures, each seen through `crops` crops."""

    top1_error: float
    top5_error: float
    num_images: int
    crops: int


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
    crops = preprocess.ten_crops if ten_crop else preprocess.crop
    num_crops = 10 if ten_crop else 1
    ranks: list[npt.NDArray[np.intp]] = []
    for squares, labels in _batches(pictures, max(1, batch_size // num_crops)):
        views = np.concatenate([crops(square, mean) for square in squares])
        votes = probabilities(views).reshape(len(labels), num_crops, -1).mean(1)
        own = np.take_along_axis(votes, labels[:, None], 1)
        ranks.append((~(votes < own)).sum(1) - 1)  # ties count against us, and so do NaNs
        progress(sum(map(len, ranks)), len(pictures.labels))
    rank = np.concatenate(ranks)
    return Errors(100 * float((rank > 0).mean()), 100 * float((rank > 4).mean()), len(rank), num_crops)


def _batches(pictures: Prepared, size: int) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]]:
    for start in range(0, len(pictures.labels), size):
        yield pictures.images[start : start + size], pictures.labels[start : start + size]


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


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("model", type=Path, help="an ONNX file of this project")
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    parser.add_argument("--ten-crop", action="store_true")
    parser.add_argument("--limit", type=int, help="only N pictures, spread evenly over the split")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    try:
        explorer = Explorer.open(args.model, args.device)
        pictures = prepare_for(explorer, args.data, args.split, args.cache).head(args.limit)

        def progress(done: int, total: int) -> None:
            print(
                f"evaluating: {done:,} of {total:,}", end="\n" if done == total else "\r", file=sys.stderr, flush=True
            )

        errors = evaluate(explorer.probabilities, pictures, explorer.mean, args.ten_crop, progress=progress)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(asdict(errors)))
    else:
        crops = "ten crops" if errors.crops == 10 else "one crop"
        print(
            f"{errors.top1_error:.2f} % top-1, {errors.top5_error:.2f} % top-5 error ({crops}, {errors.num_images:,} pictures)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
