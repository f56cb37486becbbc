"""Figure 3 as it came to be: a run's conv1 kernels at a few dozen moments, in one small file for the explorer.

    python -m training.history RUN DEST.npz

Reads RUN/kernels and RUN/metrics.jsonl, which training.run wrote; put DEST beside the run's model.onnx as history.npz.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.history import History

MAX_MOMENTS = 40


def pack(run: Path, max_moments: int = MAX_MOMENTS) -> History:
    """A run's history; where it has more moments than `max_moments`, its first, its last and others evenly between.

    Raises
    ------
    ValueError
        When the run has kept no kernels.
    """
    files = sorted((run / "kernels").glob("conv1_*.npy"))
    if not files:
        raise ValueError(f"{run} has no kernels/conv1_*.npy; give a folder that training.run wrote.")
    files = [files[i] for i in np.unique(np.linspace(0, len(files) - 1, max_moments).round().astype(int))]
    epochs = np.asarray([int(file.stem.removeprefix("conv1_")) for file in files])
    kernels = np.stack([np.load(file).astype(np.float32) for file in files]).transpose(0, 1, 3, 4, 2)
    low, high = kernels.min((1, 2, 3, 4), keepdims=True), kernels.max((1, 2, 3, 4), keepdims=True)
    codes = np.round(255 * (kernels - low) / np.where(high > low, high - low, 1)).astype(np.uint8)
    return History(epochs=epochs, codes=codes, lows=low.ravel(), highs=high.ravel(), errors=_errors(run, epochs))


def _errors(run: Path, epochs: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """One-crop errors (moments, 2) by epoch; NaN before the training and wherever no validation is on record."""
    log = run / "metrics.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    known = {row["epoch"]: (row.get("val_top1_error"), row.get("val_top5_error")) for row in rows}
    return np.asarray([known.get(int(epoch), (None, None)) for epoch in epochs], np.float32)


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.history", description="Pack how conv1 came to be.")
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument("dest", type=Path, help="the file to write, history.npz beside the model")
    args = parser.parse_args(argv)
    try:
        if args.dest.suffix != ".npz":
            raise ValueError(f"{args.dest} has to end in .npz.")
        history = pack(args.run)
        history.write(args.dest)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    size = args.dest.stat().st_size
    print(f"{len(history.epochs)} moments, epochs {history.epochs[0]} to {history.epochs[-1]}, {size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
