"""A shipped model's card: what it was trained on, how long, and how wrong it is. Every figure in it is made here.

    python -m training.card MODEL.onnx --run RUN --data PATH

Evaluates MODEL.onnx on the validation split with one crop and ten, reads the run's own files for the rest, and writes
card.json beside the model. A file with weights in 4 bits is also compared with RUN/model.onnx, which has all in 32.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from model import onnx_file, preprocess
from model.explorer import Explorer
from model.provenance import commit
from training.evaluate import Errors, evaluate, prepare_for, progress_line
from training.prepared import Prepared

LIMITS = (
    "It knows {num_classes} classes and nothing else: any photograph is taken for one of them.",
    "It was trained on {num_train:,} pictures of a lossily re-encoded copy of ImageNet, so its errors are errors on that copy.",
    "It is not the network of the paper's tables: that one learned the thousand classes of ILSVRC-2012; its recipe is paper_2012, and model.convert brings published weights.",
)
OF_SMALL_PICTURES = "It learned from pictures of {detail_px} pixels a side; the explorer scales sharper ones down to that, and up again, before it sees them."
NUM_COMPARED = 64  # pictures on which a compressed network's activations are compared with the whole one's


def card(
    model: Path, run: Path, one_crop: Errors, ten_crop: Errors, compression: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A card as plain data.

    Parameters
    ----------
    run : path
        The folder that training.run wrote: run.json says how, metrics.jsonl what came out, epoch by epoch. How long it took the
        model's file says itself: the run may have gone on since, and its last epoch may be a part of one.
    """
    info = Explorer.open(model, "cpu").info
    how = json.loads((run / "run.json").read_text())
    epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    facts = {"num_classes": len(info.classes), "num_train": how["num_train"], "detail_px": info.detail_px}
    limits = (*LIMITS, OF_SMALL_PICTURES) if info.detail_px else LIMITS
    return {
        "name": model.parent.name,
        "title": f"{info.recipe['name']}: {info.config.towers} towers, {len(info.classes)} classes",
        "detail_px": info.detail_px,
        "data": f"{how['num_train']:,} training and {how['num_val']:,} validation pictures, {len(info.classes)} classes",
        "recipe": info.recipe,
        "commit": info.commit,
        "trained_before": how.get("trained_before", []),
        "hardware": how["hardware"],
        "versions": how["versions"],
        "autocast": how["autocast"],
        "hours": info.metrics.get("hours", sum(row["wall_seconds"] for row in epochs) / 3600),
        "num_epochs": info.metrics.get("epochs", len(epochs)),
        "num_parameters": info.config.num_parameters,
        "one_crop": one_crop.to_dict(),
        "ten_crop": ten_crop.to_dict(),
        "compression": compression,
        "evaluated_at_commit": commit(),
        "curve": [
            {key: row[key] for key in ("epoch", "lr", "train_loss", "val_top1_error", "val_top5_error")}
            | ({"num_judged": row["num_judged"]} if "num_judged" in row else {})  # an older program's do not say
            for row in epochs
        ],
        "limits": [limit.format(**facts) for limit in limits],
    }


def compare(small: Explorer, full: Explorer, pictures: Prepared) -> dict[str, Any]:
    """What keeping weights in 4 bits costs: the whole network's errors, and how far each activation is off.

    An activation's error is the norm of the difference over the norm of the whole network's, over `NUM_COMPARED` pictures.
    """
    squares = pictures.head(NUM_COMPARED).images[:]
    crops = np.concatenate([preprocess.crop(square, full.mean) for square in squares])
    names = tuple(row.name for row in full.config.layers)
    ours, theirs = (explorer.activations(crops, names) for explorer in (small, full))
    errors = {name: np.linalg.norm(ours[name] - theirs[name]) / np.linalg.norm(theirs[name]) for name in names}
    return {
        "layers_in_4_bits": [name for name in onnx_file.COMPRESSIBLE if name in full.config.layer],
        "full_precision_one_crop": asdict(_judged(full, pictures, "full precision, one crop")),
        "num_compared": len(squares),
        "activation_errors": {name: float(error) for name, error in errors.items()},
    }


def _judged(explorer: Explorer, pictures: Prepared, words: str, ten_crop: bool = False) -> Errors:
    return evaluate(explorer.probabilities, pictures, explorer.mean, ten_crop, progress=progress_line(words))


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.card", description="Evaluate a model and write its card.")
    parser.add_argument("model", type=Path, help="the ONNX file to ship; card.json is written beside it")
    parser.add_argument("--run", type=Path, required=True, help="the folder of the run that made it")
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--limit", type=int, help="only N validation pictures; the card says how many")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    args = parser.parse_args(argv)
    try:
        explorer = Explorer.open(args.model)
        pictures = prepare_for(explorer, args.data, "val", args.cache).head(args.limit)
        one, ten = (_judged(explorer, pictures, words, words == "ten crops") for words in ("one crop", "ten crops"))
        compression = None
        if onnx_file.is_compressed(args.model):
            compression = compare(explorer, Explorer.open(args.run / "model.onnx"), pictures)
        facts = card(args.model, args.run, one, ten, compression)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    (args.model.parent / "card.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(
        f"one crop {one.top1_error:.2f} / {one.top5_error:.2f} %, ten crops {ten.top1_error:.2f} / {ten.top5_error:.2f} %"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
