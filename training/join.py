"""Two narrow networks side by side: one as wide as both, which answers with the mean of what they answer.

    python -m training.join FIRST SECOND RECIPE DIR [--learned-kernels]

FIRST and SECOND are model.onnx files of two runs from different random numbers; DIR gets model.onnx, a net as RECIPE wants it,
and history.npz, both runs' kernels side by side where both have a history. Train it as one net with

    python -m training.run RECIPE --data PATH --out OUT --from DIR/model.onnx

On each GPU the first net's units come first. Neither reads the other's: those weights are zero, and free to grow. Units
that both lack begin as in a new net, read by nobody. So nothing is lost, as when a net is widened by copies of its own units
(Net2Net, Chen et al. 2016), and no kernel is there twice. Where the second net has colour on the other GPU than the first,
its GPUs change places, which changes nothing of what it computes.

With --learned-kernels, conv1's kernels are the two nets' less the random numbers that they began as: what is left is what was
learned. A rate that falls to zero within some thirty epochs never wears these numbers down, and they are the grain of Figure 3
where the initial weights were wide. A history's first moment has them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import training.recipe
from model import onnx_file
from model.alexnet import AlexNet
from model.export import weights_of
from model.history import History
from model.kernels import colour_selectivity
from model.layers import Config, Layer
from model.onnx_file import Array, ModelInfo
from model.provenance import commit
from training.history import behind, beside, trained_before
from training.recipe import Recipe

Ints = npt.NDArray[np.int64]
Net = tuple[ModelInfo, Mapping[str, Array]]


def join(recipe: Recipe, first: Net, second: Net) -> Net:
    """Both nets as one of the recipe's.

    Raises
    ------
    ValueError
        When they have no room in it, or see other pictures or classes than each other.
    """
    config, (info, _), (other, _) = recipe.net, first, second
    if info.classes != other.classes or not np.array_equal(info.mean, other.mean):
        raise ValueError("The two models have other classes or another mean picture; join two of the same pictures.")
    if len(info.classes) != config.num_classes or {info.config.towers, other.config.towers, config.towers} != {2}:
        raise ValueError(f"Recipe {recipe.name} has other classes than the models, or one of the three has one tower.")
    torch.manual_seed(recipe.seed)
    weights = weights_of(AlexNet(config).initialize(recipe.std, recipe.middle_std, recipe.conv1_std).state_dict())
    weights["fc8.weight"][:] = 0
    for (_, own), places in zip((first, second), both_places(config, first, second), strict=True):
        reads = np.arange(3)
        for row in (row for row in config.layers if row.weight_shape):
            _place(weights, own, row, places.get(row.name), reads)
            reads = places.get(row.name, reads)
    return ModelInfo(
        config=config, classes=info.classes, mean=info.mean, covariance=info.covariance, recipe=recipe.to_dict(),
        commit=commit(), detail_px=info.detail_px,
    ), weights  # fmt: skip


def both_places(config: Config, first: Net, second: Net) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Where in the wide net each unit of the first net goes, and of the second, by layer; fc8's stay where they are."""
    swapped = _colour_is_on_gpu2(first) != _colour_is_on_gpu2(second)
    found: tuple[dict[str, Ints], dict[str, Ints]] = {}, {}
    for name in config.gained:
        counts = [info.config.layer[name].units // 2 for info, _ in (first, second)]
        room = config.layer[name].units // 2
        if sum(counts) > room:
            raise ValueError(f"{name} has room for {room} units on each GPU, and the two models have {sum(counts)}.")
        found[0][name] = _units(0, counts[0], room)
        found[1][name] = np.roll(_units(counts[0], counts[1], room), swapped * counts[1])
    return found


def _units(start: int, count: int, room: int) -> Ints:
    """`count` units on each GPU from `start` on, where each has `room`."""
    return np.concatenate([gpu * room + start + np.arange(count) for gpu in (0, 1)])


def _colour_is_on_gpu2(net: Net) -> bool:
    gpu1, gpu2 = np.split(colour_selectivity(net[1]["conv1.weight"]), 2)
    return bool(gpu2.mean() > gpu1.mean())


def _place(weights: Mapping[str, Array], own: Mapping[str, Array], row: Layer, units: Ints | None, reads: Ints) -> None:
    """Put one layer's weights where they belong in the wide net's; `reads` are the places of the units that it reads."""
    wide, narrow, bias = weights[f"{row.name}.weight"], own[f"{row.name}.weight"], own[f"{row.name}.bias"]
    if row.groups == 2:  # it counts from its own GPU's first, the same on both
        reads = reads[reads < wide.shape[1]]
    values = narrow.shape[1] // len(reads)  # of a unit: 36 where fc6 reads a map
    columns = (reads[:, None] * values + np.arange(values)).ravel()
    if units is None:  # every class reads both nets, and is for each half of what it was
        wide[:, columns] = narrow / 2
        weights[f"{row.name}.bias"][:] += bias / 2  # from 0
        return
    wide[units] = 0
    wide[np.ix_(units, columns)] = narrow
    weights[f"{row.name}.bias"][units] = bias


def learned_kernels(model: Path, net: Net) -> Net:
    """The net of a model file with conv1's kernels less those it began as, which the history beside the file has.

    Raises
    ------
    ValueError
        When there is no history, or its first moment is not of random numbers.
    """
    told = behind(model)
    if not told or not told.from_random:
        raise ValueError(f"No history beside {model} tells of the random numbers that its kernels began as.")
    info, weights = net
    return info, {**weights, "conv1.weight": weights["conv1.weight"] - told.kernels(0)}


def both_histories(config: Config, models: Sequence[Path], nets: Sequence[Net]) -> History | None:
    """The two models' kernels as they came to be, side by side as `join` puts these nets; None where one has no history."""
    places, others = (one["conv1"] for one in both_places(config, *nets))
    told, other = map(behind, models)
    return beside(told, other, places, others) if told and other else None


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.join", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path, help="a model.onnx")
    parser.add_argument("second", type=Path, help="another one's")
    parser.add_argument("recipe", help="a file of training/recipes, without .py: what the two are to become")
    parser.add_argument("out", type=Path, help="the folder to write")
    parser.add_argument("--learned-kernels", action="store_true", help="conv1 without the random numbers it began as")
    args = parser.parse_args(argv)
    try:
        recipe = training.recipe.load(args.recipe)
        models = (args.first, args.second)
        nets: list[Net] = [onnx_file.read(path) for path in models]
        if args.learned_kernels:
            nets = [learned_kernels(*one) for one in zip(models, nets, strict=True)]
        info, weights = join(recipe, *nets)
        parts = [one | {"side": side} for side, path in enumerate(models, 1) for one in trained_before(path)]
        info = replace(info, metrics={"parts": parts})
        args.out.mkdir(parents=True, exist_ok=True)
        onnx_file.write(args.out / "model.onnx", info, weights)
        if told := both_histories(recipe.net, models, nets):
            told.write(args.out / "history.npz")
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(f"{args.out / 'model.onnx'} is ready to be trained: --from {args.out / 'model.onnx'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
