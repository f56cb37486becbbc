"""A recipe is everything that decides a run's numbers, as one frozen value; training/recipes holds one a file."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from model.layers import CROP_PX, Config
from training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment."""

    name: str
    net: Config
    schedule: Schedule
    epochs: int
    """At most this many passes over the training set."""
    batch_size: int = 128
    lr: float = 0.01
    bias_lr: float = 0.01
    """The 2012 code gives biases twice the weights' rate; the paper does not say so."""
    momentum: float = 0.9
    weight_decay: float = 5e-4
    """On weights; biases have none."""
    std: float = 0.01
    """Of the initial weights."""
    conv1_std: float | None = None
    """Of conv1's, where it differs."""
    middle_std: float = 0.01
    """Of conv3 and deeper convolutions; .03 in the 2012 code."""
    conv1_lrs: tuple[tuple[int, float], ...] = ()
    """(epoch, rate): conv1's rate from then on. The 2012 code slows it at epoch 67 and freezes it at 72."""
    average_epochs: int = 0
    """The net is the mean of the weights after every step of the last so many epochs (`training.average`); none in 2012."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes; none in 2012."""

    crop_px: tuple[int, int] = (CROP_PX, CROP_PX)
    """Smallest and largest side of the training crops, resized to 224; the paper's are 224 (section 4.1)."""
    input_px: tuple[tuple[int, int], ...] = ()
    """(epoch, side): what training crops are resized to from then on, where it is not 224. A crop of 128 takes a third of the time;
    `AlexNet` enlarges its smaller pool5 to what fc6 reads."""
    all_offsets: bool = False
    """33 x 33 places of a 224-pixel crop, as in the 2012 code, where the paper counts 32 x 32."""
    images_a_draw: int = 1
    """How many pictures share one offset and mirror; 32 in the 2012 code."""
    mirror: bool = True
    colour_noise: Literal["eigenvalue", "stdev", "none"] = "eigenvalue"
    """What N(0, .1) multiplies along each principal component of RGB: the covariance's eigenvalue for pixels in 0..1
    (section 4.1), or its square root, the standard deviation (2012 code)."""
    colour_noise_epochs: int | None = None
    """It ends after so many; 67 in the 2012 code."""
    input_divisor: float = 1.0
    """What crops with colour noise are divided by, to be as large as those without; 1.1 in the 2012 code."""
    seed: int = 0

    def conv1_lr(self, epoch: int) -> float | None:
        """conv1's own rate in an epoch (the first is 0); None where it learns as the others."""
        return next((lr for start, lr in reversed(self.conv1_lrs) if epoch >= start), None)

    def side_px(self, epoch: int) -> int:
        """Side of the crops that the network sees in training in an epoch (the first is 0)."""
        return next((side for start, side in reversed(self.input_px) if epoch >= start), CROP_PX)

    def has_colour_noise(self, epoch: int) -> bool:
        """Whether an epoch (the first is 0) still has colour noise."""
        return self.colour_noise != "none" and (self.colour_noise_epochs is None or epoch < self.colour_noise_epochs)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "schedule": {"kind": type(self.schedule).__name__, **asdict(self.schedule)}}


def load(name: str) -> Recipe:
    """The recipe `training/recipes/NAME.py`, or for NAME_mini the small version of one.

    Raises
    ------
    ValueError
        When there is no such file; the message lists those there are.
    """
    known = names()
    full = name.removesuffix("_mini")
    if name not in known and full not in known:
        raise ValueError(f"There is no recipe {name!r}; choose one of {', '.join(known)}, or add _mini to one.")
    recipe: Recipe = importlib.import_module(f"training.recipes.{name if name in known else full}").RECIPE
    return recipe if name in known else mini(recipe)


def names() -> list[str]:
    """Every file of training/recipes."""
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module("training.recipes").__path__))


def mini(recipe: Recipe) -> Recipe:
    """imagenet20_mini with every switch that `recipe` sets otherwise than paper_2012, but the number of classes."""
    paper, small = load("paper_2012"), load("imagenet20_mini")
    net = replace(small.net, **_changes(paper.net, recipe.net, {"num_classes"}))
    changes = _changes(paper, recipe, {"name", "net"})
    if "schedule" not in changes:
        changes.pop("epochs", None)
    return replace(small, name=f"{recipe.name}_mini", net=net, **changes)


def _changes(paper: Any, other: Any, but: set[str]) -> dict[str, Any]:
    """Fields of two dataclasses of one kind that differ, as `other` has them."""
    values = {field.name: getattr(other, field.name) for field in fields(paper) if field.name not in but}
    return {name: value for name, value in values.items() if value != getattr(paper, name)}
