"""A recipe is everything that decides a run's numbers, as one frozen value; training/recipes holds one a file."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import asdict, dataclass
from typing import Any, Literal

from model.layers import Config
from training.schedule import Cosine, Plateau


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment."""

    name: str
    net: Config
    schedule: Plateau | Cosine
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
    middle_std: float = 0.01
    """Of conv3 and deeper convolutions; .03 in the 2012 code."""
    colour_noise: Literal["eigenvalue", "stdev", "none"] = "eigenvalue"
    """What N(0, .1) multiplies along each principal component of RGB: the covariance's eigenvalue for pixels in 0..1
    (section 4.1), or its square root, the standard deviation (2012 code)."""
    mirror: bool = True
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "schedule": {"kind": type(self.schedule).__name__, **asdict(self.schedule)}}


def load(name: str) -> Recipe:
    """The recipe `training/recipes/NAME.py`.

    Raises
    ------
    ValueError
        When there is no such file; the message lists those there are.
    """
    known = sorted(module.name for module in pkgutil.iter_modules(importlib.import_module("training.recipes").__path__))
    if name not in known:
        raise ValueError(f"There is no recipe {name!r}; choose one of {', '.join(known)}.")
    recipe: Recipe = importlib.import_module(f"training.recipes.{name}").RECIPE
    return recipe
