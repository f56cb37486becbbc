"""A shipped model's card: what it was trained on, how long, and how wrong it is. Every figure in it is made here.

    python -m training.card MODEL.onnx --data PATH [--run RUN]

Evaluates MODEL.onnx on the validation split with one crop and ten, compares its activations with torch's, reads the run's own files for the
rest, and writes card.json beside the model. A file with weights in 4 bits is also compared with RUN/model.onnx, which has all in 32.
Without --run, what the card says of the training and of the comparison with 32 bits stays as it is; the rest is found anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model import onnx_file, preprocess
from model.explorer import Explorer
from model.gradients import Gradients
from model.preprocess import Array
from model.provenance import commit
from training.evaluate import Errors, evaluate, prepare_for, progress_line
from training.prepared import Prepared

LIMITS = (
    "It knows {num_classes} classes and nothing else: any photograph is taken for one of them.",
    "It was trained on {num_train:,} pictures of a lossily re-encoded copy of ImageNet, so its errors are errors on that copy.",
    "It is not the network of the paper's tables: that one learned the thousand classes of ILSVRC-2012; its recipe is paper_2012, and model.convert brings published weights.",
)
OF_SMALL_PICTURES = "It learned from pictures of {detail_px} pixels a side; the explorer scales sharper ones down to that, and up again, before it sees them."
NUM_COMPARED = 64  # pictures on which activations are compared
OF_RUN = ("num_train", "num_val", "trained_before", "hardware", "versions", "autocast", "hours", "num_epochs", "curve")
"""What a card has from a run's folder."""
CURVE = ("epoch", "lr", "train_loss", "val_top1_error", "val_top5_error", "num_judged")
"""What it has of each epoch."""


def card(model: Path, of_run: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """A card as plain data: the model's file, the run (`read_run`), and what pictures told."""
    info = Explorer.open(model, "cpu").info
    num_train, num_val = of_run["num_train"], of_run["num_val"]
    hours = [of_run["hours"], *(part.get("hours") for part in of_run["trained_before"])]
    facts = {"num_classes": len(info.classes), "num_train": num_train, "detail_px": info.detail_px}
    limits = (*LIMITS, OF_SMALL_PICTURES) if info.detail_px else LIMITS
    return {
        "name": model.parent.name,
        "title": f"{info.recipe['name']}: {info.config.towers} towers, {len(info.classes)} classes",
        "detail_px": info.detail_px,
        "data": f"{num_train:,} training and {num_val:,} validation pictures, {len(info.classes)} classes",
        "recipe": info.recipe,
        "commit": info.commit,
        **{key: of_run[key] for key in OF_RUN},
        "hours_in_all": None if None in hours else sum(hours),
        "num_parameters": info.config.num_parameters,
        "megabytes": model.stat().st_size / 1e6,
        **found,
        "evaluated_at_commit": commit(),
        "limits": [limit.format(**facts) for limit in limits],
    }


def read_run(run: Path, metrics: Mapping[str, float]) -> dict[str, Any]:
    """What `training.run` wrote: run.json says how, metrics.jsonl what came out, epoch by epoch.

    How long it took, `metrics` of the model's file say: the run may have gone on since, and its last epoch may be a part of one.
    """
    how = json.loads((run / "run.json").read_text())
    epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {
        "trained_before": how.get("trained_before", []),
        **{key: how[key] for key in OF_RUN if key in how},
        "hours": metrics.get("hours", sum(row["wall_seconds"] for row in epochs) / 3600),
        "num_epochs": metrics.get("epochs", len(epochs)),
        "curve": [{key: row[key] for key in CURVE if key in row} for row in epochs],
    }


def read_card(path: Path, expected: str) -> dict[str, Any]:
    """A card written before, of the network trained at commit `expected`.

    Raises
    ------
    ValueError
        When there is none, it is of another network, or an older program wrote it, which told less.
    """
    old: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if old.get("commit") != expected or not old.keys() >= set(OF_RUN):
        raise ValueError(
            f"{path} does not tell how this network was trained; give --run, the folder of the run that made it."
        )
    return old


def parity(explorer: Explorer, path: Path, pictures: Prepared) -> dict[str, Any]:
    """How far each activation of a model's file, as the explorer runs it, is from torch's with the same weights.

    The greatest difference over the greatest value, over `NUM_COMPARED` pictures.
    """
    crops, names = _crops(explorer, pictures), tuple(row.name for row in explorer.config.layers)
    theirs, net = explorer.activations(crops, names), Gradients.open(path, "cpu").net
    with torch.no_grad():
        ours = {name: x.numpy() for name, x in net.activations(torch.from_numpy(crops)).items()}
    off = {name: float(np.abs(ours[name] - theirs[name]).max() / np.abs(ours[name]).max()) for name in names}
    return {"num_compared": len(crops), "activation_errors": off}


def compare(small: Explorer, full: Explorer, pictures: Prepared) -> dict[str, Any]:
    """What keeping weights in 4 bits costs: the whole network's errors, and how far each activation is off.

    An activation's error is the norm of the difference over the norm of the whole network's, over `NUM_COMPARED` pictures.
    """
    crops, names = _crops(full, pictures), tuple(row.name for row in full.config.layers)
    ours, theirs = (explorer.activations(crops, names) for explorer in (small, full))
    errors = {name: np.linalg.norm(ours[name] - theirs[name]) / np.linalg.norm(theirs[name]) for name in names}
    return {
        "layers_in_4_bits": [name for name in onnx_file.COMPRESSIBLE if name in full.config.layer],
        "full_precision_one_crop": asdict(_judged(full, pictures, "full precision, one crop")),
        "num_compared": len(crops),
        "activation_errors": {name: float(error) for name, error in errors.items()},
    }


def _crops(explorer: Explorer, pictures: Prepared) -> Array:
    """The middle of the first `NUM_COMPARED` pictures."""
    return np.concatenate([preprocess.crop(square, explorer.mean) for square in pictures.head(NUM_COMPARED).images[:]])


def _judged(explorer: Explorer, pictures: Prepared, words: str, ten_crop: bool = False) -> Errors:
    return evaluate(explorer.probabilities, pictures, explorer.mean, ten_crop, progress=progress_line(words))


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.card", description="Evaluate a model and write its card.")
    parser.add_argument("model", type=Path, help="the ONNX file to ship; card.json is written beside it")
    parser.add_argument("--run", type=Path, help="the folder of the run that made it, if it is still there")
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--limit", type=int, help="only N validation pictures; the card says how many")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    args = parser.parse_args(argv)
    try:
        explorer, path = Explorer.open(args.model, args.device), args.model.parent / "card.json"
        old = {} if args.run else read_card(path, explorer.info.commit)
        of_run = read_run(args.run, explorer.info.metrics) if args.run else old
        pictures = prepare_for(explorer, args.data, "val", args.cache).head(args.limit)
        one, ten = (_judged(explorer, pictures, words, words == "ten crops") for words in ("one crop", "ten crops"))
        compression = old.get("compression")
        if args.run and onnx_file.is_compressed(args.model):
            compression = compare(explorer, Explorer.open(args.run / "model.onnx", args.device), pictures)
        found = {
            "one_crop": one.to_dict(),
            "ten_crop": ten.to_dict(),
            "parity": parity(explorer, args.model, pictures),
            "compression": compression,
        }
        facts = card(args.model, of_run, found)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    path.write_text(json.dumps(facts, indent=1) + "\n")
    print(
        f"one crop {one.top1_error:.2f} / {one.top5_error:.2f} %, ten crops {ten.top1_error:.2f} / {ten.top5_error:.2f} %"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
