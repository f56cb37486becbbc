"""A network as it came to be: a run's conv1 kernels and its answers to a few pictures, in one small file for the explorer.

    python -m training.history RUN DEST.npz

Reads RUN/kernels, RUN/pictures and RUN/metrics.jsonl, which training.run wrote; put DEST beside the run's model.onnx as
history.npz. Where the run started from a model that has a history itself, that one comes first, if its kernels are of the
same shape.

A picture's place on the map is its fc7 along the two principal components of the last moment's fc7: one linear map for all
moments, so that what moves is the features and not the map. (UMAP has no map for features that it has not seen; it would
put those of an untrained net anywhere.) Each moment is centred, since all pictures drifting together say nothing of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model import history, onnx_file
from model.export import load_checkpoint
from model.history import History, Pictures

MAX_MOMENTS = 20  # of this training, and as many of earlier ones
EARLIER = "earlier.npz"  # in a run's folder: the history of the model that it started from
Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def pack(run: Path, max_moments: int = MAX_MOMENTS) -> History:
    """A run's history; where it has more moments than `max_moments`, its first, its last and others evenly between.

    Raises
    ------
    ValueError
        When the run has kept no kernels.
    """
    files = sorted((run / "kernels").glob("conv1_*.npy"), key=_epochs)
    if not files:
        raise ValueError(f"{run} has no kernels/conv1_*.npy; give a folder that training.run wrote.")
    files = [files[i] for i in _spread(len(files), max_moments)]
    epochs = np.asarray([_epochs(file) for file in files])
    kernels = np.stack([np.load(file).astype(np.float32) for file in files])
    told = [run / "pictures" / f"{file.stem.removeprefix('conv1_')}.npz" for file in files]
    own = History(
        epochs=epochs, **_in_8_bits(kernels), **_errors(run, epochs),
        from_random=not _started_from(run), pictures=_pictures(told),
    )  # fmt: skip
    return joined(history.read(run / EARLIER), own) if (run / EARLIER).exists() else own


def _in_8_bits(kernels: Array) -> dict[str, Any]:
    """Kernels (moments, kernels, 3, rows, columns), each moment over its own range, as parts of a `History`."""
    kernels = kernels.transpose(0, 1, 3, 4, 2)
    low, high = kernels.min((1, 2, 3, 4), keepdims=True), kernels.max((1, 2, 3, 4), keepdims=True)
    codes = np.round(255 * (kernels - low) / np.where(high > low, high - low, 1)).astype(np.uint8)
    return {"codes": codes, "lows": low.ravel(), "highs": high.ravel()}


def _epochs(file: Path) -> float:
    return float(file.stem.removeprefix("conv1_"))


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def _started_from(run: Path) -> bool:
    path = run / "run.json"
    return path.exists() and "from" in json.loads(path.read_text())


def _errors(run: Path, epochs: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Errors after those epochs, and how many pictures they are of, as parts of a `History`."""
    path = run / "metrics.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    found = {float(row["epoch"]): (row["val_top1_error"], row["val_top5_error"]) for row in rows}
    counts = {float(row["epoch"]): row.get("num_judged", 0) for row in rows}
    return {
        "errors": np.asarray([found.get(epoch, (np.nan, np.nan)) for epoch in epochs], np.float32),
        "num_judged": np.asarray([counts.get(epoch, 0) for epoch in epochs], np.int64),
    }


# The pictures


def _pictures(files: list[Path]) -> Pictures | None:
    """What the net said of the pictures at the moments of `files`, some of which may be missing."""
    told = [_told(path) for path in files]
    last = next((one for one in reversed(told) if one), None)
    if last is None:
        return None
    told = [one if one and np.array_equal(one["marks"], last["marks"]) else None for one in told]
    count, shown = len(last["labels"]), min(5, len(last["class_ids"]))
    guesses = np.full((len(told), count, shown), -1, np.int64)
    probabilities = np.full(guesses.shape, np.nan, np.float32)
    for moment, one in enumerate(told):
        if one:
            guesses[moment] = np.argsort(-one["probabilities"], axis=1, kind="stable")[:, :shown]
            probabilities[moment] = np.take_along_axis(one["probabilities"], guesses[moment], 1)
    places = on_one_map([one["fc7"] if one else None for one in told])
    known = {name: last[name] for name in ("labels", "rows", "marks")}
    ids = tuple(map(str, last["class_ids"]))
    return Pictures(class_ids=ids, **known, guesses=guesses, probabilities=probabilities, places=places)


def _told(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    with np.load(path) as parts:
        return dict(parts)


def on_one_map(features: list[Array | None]) -> Array:
    """Places (moments, pictures, 2) in -1..1 of features (pictures, units), None where a moment has none; see the module."""
    last = next(one for one in reversed(features) if one is not None)
    axes = _principal(last.astype(np.float64))
    nowhere = np.full((len(last), 2), np.nan)
    places = np.stack([nowhere if one is None else _centred(one.astype(np.float64)) @ axes for one in features])
    return (places / (np.nanmax(np.abs(places)) or 1)).astype(np.float32)


def _centred(points: Doubles) -> Doubles:
    centred: Doubles = points - points.mean(0)
    return centred


def _principal(features: Doubles) -> Doubles:
    """The two directions (units, 2) along which features differ most, each to the side of its largest component."""
    axes = np.zeros((features.shape[1], 2))
    found = np.linalg.svd(_centred(features), full_matrices=False)[2][:2].T
    axes[:, : found.shape[1]] = found
    largest = np.take_along_axis(axes, np.abs(axes).argmax(0)[None], 0)
    turned: Doubles = axes * np.where(largest < 0, -1, 1)
    return turned


# What came before


def joined(earlier: History, own: History) -> History:
    """`own` behind the history of the model that it started from.

    What `own` begins with is what `earlier` ends with, and left out. Kernels of another shape are not joined at all.
    Errors and answers of earlier moments stay where both trainings had the same pictures; the earlier map is then turned,
    scaled and moved to where `own` begins.
    """
    if earlier.codes.shape[1:] != own.codes.shape[1:] or len(own.epochs) < 2:
        return own
    earlier = _at(earlier, _spread(len(earlier.epochs), MAX_MOMENTS))
    same = bool(own.pictures and earlier.pictures and own.pictures.of_same(earlier.pictures))
    unknown = np.full_like(earlier.errors, np.nan)
    kept = replace(earlier, pictures=None) if same else replace(earlier, errors=unknown, num_judged=None)
    pictures = None
    if own.pictures:
        start = own.pictures.places[0]
        pictures = own.pictures.at(slice(1, None))
        before = (
            _moved(earlier.pictures, start) if same and earlier.pictures else _silent(pictures, len(earlier.epochs))
        )
        pictures = _behind(before, pictures)
    arrays = {name: np.concatenate([getattr(kept, name), getattr(own, name)[1:]]) for name in history.ARRAYS}
    return History(**arrays, num_earlier=len(kept.epochs), from_random=earlier.from_random, pictures=pictures)


def beside(first: History, second: History, places: Ints, others: Ints) -> History:
    """The kernels of two nets that were trained apart and are one now (`training.join`), each at its places.

    At a moment both are equally far through their own trainings, whose lengths may differ; epochs are the first's. Of
    what they answered apart nothing is told.
    """
    count = min(len(first.epochs), len(second.epochs), MAX_MOMENTS)
    pairs = [_at(told, _spread(len(told.epochs), count)) for told in (first, second)]
    kernels = np.zeros((count, len(places) + len(others), *first.kernels(0).shape[1:]), np.float32)
    for told, own in zip(pairs, (places, others), strict=True):
        kernels[:, own] = [told.kernels(moment) for moment in range(count)]
    unknown = np.full((count, 2), np.nan, np.float32)
    return History(
        epochs=pairs[0].epochs, **_in_8_bits(kernels), errors=unknown,
        from_random=all(told.from_random for told in pairs),
    )  # fmt: skip


def _at(told: History, moments: Any) -> History:
    """A history at some of its moments."""
    arrays = {name: getattr(told, name)[moments] for name in history.ARRAYS}
    return replace(told, **arrays, num_earlier=0, pictures=told.pictures and told.pictures.at(moments))


def _behind(before: Pictures, pictures: Pictures) -> Pictures:
    """Moments of the same pictures, `before` first."""
    guesses, probabilities, places = (
        np.concatenate([getattr(before, name), getattr(pictures, name)])
        for name in ("guesses", "probabilities", "places")
    )
    return replace(pictures, guesses=guesses, probabilities=probabilities, places=places)


def _silent(pictures: Pictures, moments: int) -> Pictures:
    """Moments at which nobody asked about the pictures."""
    count, shown = pictures.guesses.shape[1:]
    nothing = np.full((moments, count, shown), np.nan, np.float32)
    return replace(
        pictures, guesses=np.full(nothing.shape, -1), probabilities=nothing, places=nothing[:, :, :1].repeat(2, 2)
    )


def _moved(earlier: Pictures, start: Array) -> Pictures:
    """Earlier places on the map whose first moment is `start`: the similarity that brings the last one nearest to it."""
    last = earlier.places[-1]
    if not np.isfinite(last).all() or not np.isfinite(start).all():
        return replace(earlier, places=np.full_like(earlier.places, np.nan))
    middle, target = last.mean(0), start.mean(0)
    u, sizes, v = np.linalg.svd((last - middle).T @ (start - target))
    turn = (u @ v) * sizes.sum() / (np.square(last - middle).sum() or 1)
    return replace(earlier, places=((earlier.places - middle) @ turn + target).astype(np.float32))


def behind(start: Path) -> History | None:
    """The history of a model.onnx that has history.npz beside it, or of a run's checkpoint or model.onnx, packed now."""
    if (start.parent / "history.npz").exists():
        return history.read(start.parent / "history.npz")
    return _until(pack(start.parent), start) if (start.parent / "kernels").is_dir() else None


def inherit(start: Path, out: Path) -> str:
    """Keep the history of the model that a run starts from in the run's folder; returns a sentence about it."""
    earlier = behind(start)
    if earlier is None:
        return "It has no history that this run's could go on from."
    earlier.write(out / EARLIER)
    return f"Its history comes before this run's: {len(earlier.epochs)} moments, unless its kernels have another shape."


def forget(out: Path) -> None:
    """Remove what a run that ended before its first checkpoint left of a history, lest it become another run's."""
    for kernels in (out / "kernels").glob("conv1_*.npy"):
        (out / "pictures" / f"{kernels.stem.removeprefix('conv1_')}.npz").unlink(missing_ok=True)
        kernels.unlink()
    (out / EARLIER).unlink(missing_ok=True)


def trained_before(start: Path) -> list[dict[str, Any]]:
    """The trainings behind a checkpoint or model.onnx that a run starts from: recipe, commit, epochs, hours where known.

    The last is what it is of, unless it is two models side by side (`training.join`), whose trainings have their "side", 1 or 2;
    a run.json or a card beside it tells of those before.
    """
    telling = next((file for name in ("run.json", "card.json") if (file := start.parent / name).exists()), None)
    told = json.loads(telling.read_text()) if telling else {}
    before = told.get("trained_before", [])
    if start.suffix == ".onnx":
        info = onnx_file.read(start)[0]
        recipe, metrics = info.recipe, info.metrics
        if "parts" in metrics:
            return list(metrics["parts"])
        facts = {"hours": told["hours"]} if "hours" in told else {}  # an older program's file does not say
        facts |= {name: metrics[name] for name in ("epochs", "hours") if name in metrics}
        return [*before, {"recipe": recipe.get("name"), "commit": info.commit, **facts}]
    state = load_checkpoint(start)
    hours = (sum(row["wall_seconds"] for row in state["metrics"]) + state["seconds"]) / 3600
    epochs = state["epoch"] + state["step"] / -(-state["num_train"] // state["recipe"]["batch_size"])
    return [*before, {"recipe": state["recipe"]["name"], "commit": state["commit"], "epochs": epochs, "hours": hours}]


def _until(told: History, start: Path) -> History:
    """A run's history up to a checkpoint of it, such as best.pt."""
    if start.suffix == ".onnx":
        return told
    state = load_checkpoint(start)
    until = state["epoch"] + bool(state["step"])
    return _at(told, (told.epochs <= until) | (np.arange(len(told.epochs)) < told.num_earlier))


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.history", description="Pack how conv1 came to be.")
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument("dest", type=Path, help="the file to write, history.npz beside the model")
    args = parser.parse_args(argv)
    try:
        if args.dest.suffix != ".npz":
            raise ValueError(f"{args.dest} has to end in .npz.")
        told = pack(args.run)
        told.write(args.dest)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    size = args.dest.stat().st_size
    first, last = told.epochs[told.num_earlier], told.epochs[-1]
    before = f", {told.num_earlier} of an earlier training" if told.num_earlier else ""
    print(f"{len(told.epochs)} moments{before}, epochs {first:g} to {last:g}, {size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
