"""A run of minutes' work in a second: a toy net, pictures in six colours, and what it wrote."""

import json
from pathlib import Path
from typing import Any

import training.run
from model.export import load_checkpoint
from tests.toys import TOY
from training.recipe import Recipe
from training.schedule import Cosine

RECIPE = Recipe(
    name="toy", net=TOY, schedule=Cosine(warmup=0.1), epochs=3, batch_size=4, bias_lr=0.02,
    std=0.02, middle_std=0.1, colour_noise="stdev",
)  # fmt: skip


def run(data: Path, out: str, *more: str) -> int:
    argv = [
        "toy",
        "--data",
        str(data / "data"),
        "--out",
        str(data / out),
        "--cache",
        str(data / "cache"),
        "--device",
        "cpu",
    ]
    return training.run.main([*argv, *more])


def weights(folder: Path) -> dict[str, Any]:
    state = load_checkpoint(folder / "checkpoint.pt")
    return {**state["weights"], **{f"velocity {name}": v for name, v in state["velocities"].items()}}


def losses(folder: Path) -> list[tuple[float, ...]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(line["train_loss"], line["train_error"], line["val_top1_error"]) for line in lines]
