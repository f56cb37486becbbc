"""A narrower net as the start of a wider one: its weights in the first units of each tower, the other units as new.

What old units read of new ones starts at zero, so the wider net starts with the narrower one's answers, but for the few
maps whose response normalisation now sees new neighbours. (Net2Net, by Chen, Goodfellow and Shlens, 2016, copies units
instead; a copy takes long to become a kernel of its own.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from torch import Tensor

from model.layers import Config, Layer

Places = npt.NDArray[np.int64]


def is_wider(wide: Config, narrow: Config) -> bool:
    """Whether two nets differ in nothing but that `wide` has more units, or as many."""
    same = replace(narrow, kernels=wide.kernels, width=wide.width, fc_units=wide.fc_units) == wide
    return same and all(new.units >= old.units for old, new in zip(narrow.layers, wide.layers, strict=True))


def widened(
    weights: Mapping[str, Tensor], narrow: Config, start: Mapping[str, Tensor], wide: Config
) -> dict[str, Tensor]:
    """Weights of `wide` that start where a trained net of fewer units stands.

    Parameters
    ----------
    weights, start : mapping of str to Tensor
        `conv1.weight` ... `fc8.bias`: the trained ones of `narrow`, and initial ones of `wide`, which new units keep.
    """
    assert is_wider(wide, narrow)
    out = {name: w.clone() for name, w in start.items()}
    maps, num_maps = np.arange(3), 3  # where the maps that a layer of the narrow net reads are in the wide one
    for old, new in zip(narrow.layers, wide.layers, strict=True):
        if not new.weight_shape or not old.weight_shape:
            continue
        units = _places(old, new)
        w, trained = out[f"{new.name}.weight"], weights[f"{new.name}.weight"]
        w = w.view(new.units, num_maps // new.groups, -1)  # (units, maps read, places in a map)
        trained = trained.reshape(old.units, len(maps) // new.groups, -1)
        w[units] = 0
        for group in range(new.groups):  # each tower's kernels, on the maps of its own tower, or all on all
            rows, reads = (np.split(array, new.groups)[group] for array in (units, maps))
            share = np.arange(old.units // new.groups) + group * (old.units // new.groups)
            w[np.ix_(rows, reads - group * (num_maps // new.groups))] = trained[share]
        out[f"{new.name}.bias"][units] = weights[f"{new.name}.bias"]
        maps, num_maps = units, new.units
    return out


def _places(old: Layer, new: Layer) -> Places:
    """Where a layer's old units are among the new ones: first in each tower."""
    share = np.arange(old.units // old.towers)
    return np.concatenate([share + new.tower_units(tower).start for tower in range(new.towers)])
