"""Short binary codes for fc7 from an auto-encoder, as the end of the paper's section 6.1 proposes, and whether they are worth it.

python -m training.codes GALLERY --queries GALLERY --out assets/models/NAME [--bits 64 128 256]

Both galleries come from `python -m model.gallery build`: one of training pictures, to learn from and to search in, and one of
validation pictures, to ask with. Writes codes.npz, the encoder of the most bits, which galleries of this model then use, and
codes.json: recall of fc7's own neighbours, and whether a picture brings its class, beside principal components' signs, fc7
itself and pixels. Prints them as a table, which docs/gallery.md has too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import torch
from torch import Tensor, nn

from model.gallery.codes import CODES, Encoder
from model.gallery.retrieval import Distances, class_figures, euclidean, hamming, nearest_rows, recall
from model.gallery.store import ABOUT, PICTURES
from model.provenance import commit, cpu

BITS = (64, 128, 256)
DEPTHS = (50, 200, 500)
SPACES = ("fc7", "fc6", "pool5", "pixels")
K = 6
EPOCHS, BATCH, RATE, HIDDEN = 10, 256, 1e-3, 1024
DROP, NOISE = 0.5, 0.5


class AutoEncoder(nn.Module):
    """fc7 -> bits -> fc7. The way in is one linear map, so that an explorer needs no more than its weights.

    Half of what goes in is dropped and noise is added before the bits are read (a denoising auto-encoder, Vincent 2008; noise
    makes the bits clear, Salakhutdinov and Hinton 2009). What comes out is fc7's direction: how strongly a picture drives
    the layer says little of what it shows.
    """

    def __init__(self, units: int, bits: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(units, bits)
        self.decoder = nn.Sequential(nn.Linear(bits, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, units))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction, and the sums whose signs are the code."""
        sums = self.encoder(nn.functional.dropout(features, DROP))
        soft = torch.tanh(sums + NOISE * torch.randn_like(sums))
        hard = soft + (torch.sign(soft) - soft).detach()  # forward the bit, backward the slope
        return self.decoder(hard), sums


def fit(features: npt.NDArray[Any], bits: int, seed: int = 0, epochs: int = EPOCHS, say: Any = print) -> Encoder:
    """Train on features (n, units), n at least 256; starts from turned principal components."""
    torch.manual_seed(seed)
    data = torch.from_numpy(np.asarray(features, np.float32))
    mean = data.mean(0)
    directions = nn.functional.normalize(data - mean) * data.shape[1] ** 0.5
    start = Encoder.fit(features, bits, seed)
    net = AutoEncoder(data.shape[1], bits)
    with torch.no_grad():
        weight = torch.from_numpy(start.weights.T)
        spread = ((data - mean) @ weight.T).std()
        net.encoder.weight.copy_(weight / spread)
        net.encoder.bias.copy_(torch.from_numpy(start.biases) / spread)
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    num_batches = len(data) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * num_batches)
    begun = time.monotonic()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(data))[: num_batches * BATCH].view(-1, BATCH):
            again, sums = net(data[rows])
            loss = nn.functional.mse_loss(again, directions[rows]) + unclear(sums)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        left = (time.monotonic() - begun) / epoch * (epochs - epoch)
        say(f"\r{bits} bits, epoch {epoch} of {epochs}, loss {total / num_batches:.4f}, {left:.0f} s left   ", end="")
    say()
    weights = net.encoder.weight.detach().numpy().T.astype(np.float32)
    return Encoder("autoencoder", weights, net.encoder.bias.detach().numpy()).rounded()


def unclear(sums: Tensor) -> Tensor:
    """Bits are to be clear, and on half of the time."""
    return 0.01 * (sums.abs() - 1).square().mean() + 0.1 * torch.tanh(sums).mean(0).square().mean()


# What they are worth


@dataclass(frozen=True)
class Pictures:
    """What a gallery's folder holds of its pictures."""

    features: dict[str, npt.NDArray[Any]]
    labels: npt.NDArray[np.int16]

    @staticmethod
    def of(folder: Path) -> Pictures:
        """Read a folder that `python -m model.gallery build` wrote.

        Raises
        ------
        ValueError
            When it is none, or its pictures have no classes.
        """
        if not (folder / ABOUT).exists():
            raise ValueError(f"{folder} is no finished gallery; make one with python -m model.gallery build.")
        layers = [*json.loads((folder / ABOUT).read_text(encoding="utf-8"))["layers"], "pixels"]
        labels = pq.read_table(folder / PICTURES, columns=["label"])["label"].to_numpy()
        if labels.min() < 0:
            raise ValueError(f"The pictures of {folder} have no classes, which the benchmark asks for.")
        return Pictures({name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in layers}, labels)


def check(known: Path, asked: Path, count: int) -> None:
    """Whether codes can be learned from the `count` pictures of one gallery's folder and compared with another's.

    Raises
    ------
    ValueError
        When they are too few, of another model or other classes, or a space to compare with is missing.
    """
    about, other = (json.loads((folder / ABOUT).read_text(encoding="utf-8")) for folder in (known, asked))
    if count < BATCH:
        raise ValueError(f"{known} has {count} pictures; codes are learned from at least {BATCH}.")
    if any(about[name] != other[name] for name in ("model_hash", "class_ids")):
        raise ValueError(f"{known} and {asked} are of two models, or of other classes; build both with one model.")
    if missing := {*SPACES} - {*about["layers"], "pixels"} | {*SPACES} - {*other["layers"], "pixels"}:
        raise ValueError(f"{known} and {asked} have no {', '.join(sorted(missing))}; build them without --layers.")


def benchmark(known: Pictures, asked: Pictures, encoders: list[Encoder]) -> dict[str, Any]:
    """For each space: does a picture bring its class, and do those near it in the space hold fc7's own neighbours?"""
    labels, own = (known.labels, asked.labels), asked.labels
    true = nearest_rows(euclidean(known.features["fc7"], asked.features["fc7"]), K)
    spaces: dict[str, Any] = {}
    validation: dict[str, Any] = {}

    def judge(name: str, far: Callable[[], Iterator[Distances]], among: Callable[[], Iterator[Distances]]) -> None:
        share, precision = class_figures(far, *labels, K)
        nearest = nearest_rows(far(), max(DEPTHS))
        recalls = {str(depth): recall(true, nearest[:, :depth]) for depth in (K, *DEPTHS)}
        spaces[name] = {"share": share, "mean_average_precision": precision, "recall": recalls}
        validation[name] = class_figures(among, own, own, K, own=True)[0]

    for layer in SPACES:
        rows, queries = known.features[layer], asked.features[layer]
        judge(layer, partial(euclidean, rows, queries), partial(euclidean, queries, queries))
    for encoder in encoders:
        rows, queries = (encoder.encode(one.features["fc7"]) for one in (known, asked))
        judge(f"{encoder.name} {encoder.bits}", partial(hamming, rows, queries), partial(hamming, queries, queries))
    return {
        "k": K, "pictures": len(known.labels), "queries": len(own), "spaces": spaces,
        "share_among_queries": validation, "hardware": cpu(), "commit": commit(), "torch": str(torch.__version__),
    }  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.codes", description="Binary codes of fc7 from an auto-encoder."
    )
    parser.add_argument("gallery", type=Path, help="training pictures")
    parser.add_argument("--queries", type=Path, required=True, help="a gallery of validation pictures")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder: codes.npz and codes.json")
    parser.add_argument("--bits", type=int, nargs="+", default=BITS, choices=BITS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        known, asked = Pictures.of(args.gallery), Pictures.of(args.queries)
        check(args.gallery, args.queries, len(known.labels))
    except ValueError as reason:
        print(reason, file=sys.stderr)
        return 2
    try:
        fc7 = known.features["fc7"]
        learned = [fit(fc7, bits, args.seed, args.epochs) for bits in sorted(args.bits)]
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    baselines = [Encoder.fit(fc7, bits, args.seed) for bits in sorted(args.bits)]
    report = benchmark(known, asked, [*baselines, *learned])
    learned[-1].save(args.out / CODES)
    (args.out / "codes.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))
    return 0


def table(report: dict[str, Any]) -> str:
    """The report in Markdown; the last column is of the queries among themselves."""
    depths = list(report["spaces"]["fc7"]["recall"])
    titles = ["space", f"share of {report['k']}", "mean average precision", *(f"recall at {depth}" for depth in depths)]
    lines = [f"| {' | '.join([*titles, 'share among validation'])} |", "|" + "---|" * (len(titles) + 1)]
    for name, row in report["spaces"].items():
        figures = [row["share"], row["mean_average_precision"], *(row["recall"][depth] for depth in depths)]
        figures.append(report["share_among_queries"][name])
        lines.append(f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
