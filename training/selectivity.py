"""Do the GPUs divide colour between them? Runs' first layers by colour selectivity, kernel by kernel and GPU by GPU.

    python -m training.selectivity RUN... [--csv FILE]

A RUN is a folder that training.run wrote, finished or not, or a model.onnx. For each GPU: kernels, mean index, and its 95 %
interval; then how far the second mean lies above the first. Nets of one tower have halves instead, which differ by chance
alone. --csv writes every kernel's index.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model import onnx_file
from model.kernels import NUM_RESAMPLES, colour_selectivity, difference
from model.layers import Config
from training.compare import text

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """A run's kernels as far as it has come."""

    name: str
    epochs: str
    towers: int
    indices: Doubles
    """(kernels,), 0 grey to 1 without luminance."""

    @property
    def groups(self) -> tuple[Doubles, Doubles]:
        """GPU1's kernels and GPU2's; the two halves of a net of one tower."""
        half = len(self.indices) // 2
        return self.indices[:half], self.indices[half:]


def read(path: Path) -> FirstLayer:
    """The first layer of a run's folder, or of a model.onnx.

    Raises
    ------
    ValueError
        When it is neither.
    """
    if path.suffix == ".onnx":
        info, weights = onnx_file.read(path)
        indices = colour_selectivity(weights["conv1.weight"])
        return FirstLayer(str(path), f"{info.metrics.get('epochs', '-')}", info.config.towers, indices)
    files = sorted((path / "kernels").glob("conv1_*.npy"), key=lambda file: float(file.stem.removeprefix("conv1_")))
    if not files or not (path / "run.json").exists():
        raise ValueError(f"{path} is no run with kernels; give a folder that training.run wrote, or a model.onnx.")
    config = Config.from_dict(json.loads((path / "run.json").read_text())["recipe"]["net"])
    epochs = float(files[-1].stem.removeprefix("conv1_"))
    return FirstLayer(path.resolve().name, f"{epochs:g}", config.towers, colour_selectivity(np.load(files[-1])))


def interval(values: Doubles, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of a mean, over kernels."""
    drawn = np.random.default_rng(seed).integers(0, len(values), (NUM_RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    return float(low), float(high)


def table(layers: Sequence[FirstLayer]) -> list[list[str]]:
    """One row a run, its heading first."""
    heading = [
        "run",
        "epochs",
        "towers",
        "kernels",
        "GPU1 or first half",
        "GPU2 or second half",
        "second less first",
        "told",
    ]
    return [heading, *(_row(layer) for layer in layers)]


def _row(layer: FirstLayer) -> list[str]:
    found = difference(*layer.groups)
    means = [
        f"{group.mean():.3f} ({low:.3f} to {high:.3f})" for group in layer.groups for low, high in [interval(group)]
    ]
    apart = f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    return [
        layer.name, layer.epochs, str(layer.towers), str(len(layer.indices)), *means, apart, "yes" if found.is_told else "no",
    ]  # fmt: skip


def write_csv(layers: Sequence[FirstLayer], path: Path) -> None:
    """Every kernel: run, kernel from 1, GPU (0 in one tower), index."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["run", "kernel", "gpu", "colour_selectivity"])
        for layer in layers:
            half = len(layer.indices) // 2
            for kernel, index in enumerate(layer.indices):
                gpu = 1 + (kernel >= half) if layer.towers == 2 else 0
                rows.writerow([layer.name, kernel + 1, gpu, f"{index:.4f}"])


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.selectivity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's folder, or a model.onnx")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every kernel's index")
    args = parser.parse_args(argv)
    try:
        layers = [read(path) for path in args.runs]
        print(text(table(layers)))
        print("\nMean colour selectivity of conv1's kernels, with 95 % bootstrap intervals over kernels.")
        if args.csv:
            write_csv(layers, args.csv)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
