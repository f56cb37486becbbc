"""Checkpoints: the whole state of a run in one file, written atomically. `model.export.load_checkpoint` reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from model import onnx_file
from model.export import load_checkpoint
from training import towers
from training.average import RunningMean
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.trainer import Run

Write = Callable[[BinaryIO], Any]


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that whatever happens `path` holds a whole checkpoint, this one or the one before."""
    replace(path, lambda file: torch.save(state, file))


def write_text(path: Path, text: str) -> None:
    """The same for a text."""
    replace(path, lambda file: file.write(text.encode()))


def replace(path: Path, write: Write) -> None:
    """The same for whatever `write` writes."""
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as reason:  # torch reports a full disk as a RuntimeError
        partial.unlink(missing_ok=True)
        raise ValueError(f"{path} could not be written ({reason}); what it held before is intact.") from reason


def state_of(run: Run) -> dict[str, Any]:
    """All that `restore` needs, from every process's share of a run; each calls it, and all get the same."""
    velocities = {name: run.optimizer.state[w].get("v") for name, w in run.net.named_parameters()}
    known = {name: v for name, v in velocities.items() if v is not None}
    loss_sum, num_wrong = run.place.total(run.loss_sum.item(), run.num_wrong.item())
    state = {
        "weights": towers.whole(run.judged.state_dict(), run.judged),
        "velocities": towers.whole(known, run.net),
        "epoch": run.epoch,
        "step": run.step,
        "loss_sum": loss_sum,
        "num_wrong": num_wrong,
        "seconds": run.seconds,
        "metrics": run.metrics,
        "recipe": run.recipe.to_dict(),
        "config": run.recipe.net.to_dict(),
        "commit": run.commit,
        "class_ids": run.train.class_ids,
        "num_train": len(run.train.labels),
        "mean": torch.from_numpy(run.train.mean),
        "covariance": torch.from_numpy(run.train.covariance),
        "detail_px": run.train.detail_px,
    }
    if run.average:
        state["trained"] = towers.whole(run.net.state_dict(), run.net)
        state["num_averaged"] = run.average.count
    return state


def restore(run: Run, path: Path) -> None:
    """Put a run, of the same recipe and pictures, where it was when `path` was written.

    Raises
    ------
    ValueError
        When the recipe or the pictures are others.
    """
    state = load_checkpoint(path)
    _check_it_is_of(run, path, state)
    run.set_weights(state["weights"])
    if "trained" in state:
        run.average = RunningMean(run.new_net(), run.net)
        run.average.count = state["num_averaged"]
        run.set_weights(state["trained"])
    for name, w in run.net.named_parameters():
        if name in state["velocities"]:
            mine = towers.part(name, state["velocities"][name], run.place)
            run.optimizer.state[w]["v"] = torch.empty_like(w).copy_(mine)
    run.epoch, run.step, run.metrics, run.commit = (state[key] for key in ("epoch", "step", "metrics", "commit"))
    run.loss_sum.fill_(state["loss_sum"] / run.place.num_pairs)
    run.num_wrong.fill_(state["num_wrong"] / run.place.num_pairs)
    run.seconds = state["seconds"]


def _check_it_is_of(run: Run, path: Path, state: dict[str, Any]) -> None:
    known = {field.name: field.default for field in fields(Recipe)}  # a recipe of an older program has fewer
    made = {**known, **state["recipe"], "net": state["config"]}
    if made != {**run.recipe.to_dict(), "net": run.recipe.net}:
        raise ValueError(f"{path} was made with another recipe; give another --out.")
    if state["class_ids"] != run.train.class_ids or not np.array_equal(state["mean"], run.train.mean):
        raise ValueError(f"{path} was made with other pictures; give another --out.")
    if state.get("num_train", len(run.train.labels)) != len(run.train.labels):
        raise ValueError(f"{path} was made with --limit {state['num_train']}; resume with it.")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a run's checkpoint, or of a model.onnx: a run can go on from what is shipped."""
    if path.suffix == ".onnx":
        return {name: torch.from_numpy(array.copy()) for name, array in onnx_file.read(path)[1].items()}
    weights: dict[str, Tensor] = load_checkpoint(path)["weights"]
    return weights
