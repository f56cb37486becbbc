"""What a net made by others comes as, before it is a file of ours: its config read off its weights' shapes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from model.layers import Config
from model.onnx_file import Array

CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4", "conv5")
FULLY_CONNECTED = ("fc6", "fc7", "fc8")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A net in our terms: weights by our names, for RGB in 0..255 less `mean`."""

    config: Config
    weights: Mapping[str, Array]
    mean: Array
    """(3,) or (3, 256, 256), RGB in grey levels."""
    recipe: Mapping[str, Any]
    """What it is and where it comes from."""


def with_shapes_of(weights: Mapping[str, Array], config: Config, file_name: str) -> Config:
    """A config with the widths, towers and classes that the weights have.

    Parameters
    ----------
    weights : mapping of str to ndarray
        `conv1.weight` ... `fc8.bias`, whatever their shapes.
    config : Config
        Everything that shapes do not tell.

    Raises
    ------
    ValueError
        When no AlexNet has such weights; names the first that does not fit.
    """
    for layer in (*CONVOLUTIONS, *FULLY_CONNECTED):
        axes = 4 if layer in CONVOLUTIONS else 2
        if weights[f"{layer}.weight"].ndim != axes:
            shape = weights[f"{layer}.weight"].shape
            raise ValueError(f"{layer} of {file_name} has weights of shape {shape}, where {axes} axes are needed.")
    units = [len(weights[f"{layer}.weight"]) for layer in (*CONVOLUTIONS, *FULLY_CONNECTED)]
    towers: Literal[1, 2] = 2 if 2 * weights["conv2.weight"].shape[1] == units[0] else 1
    found = replace(
        config, kernels=(units[0], units[1], units[2], units[3], units[4]), fc_units=units[5], num_classes=units[7], towers=towers,
        conv3_reads_both=weights["conv3.weight"].shape[1] == units[1] or towers == 1,
    )  # fmt: skip
    for row in found.layers:
        if not row.weight_shape:
            continue
        for part, shape in (("weight", row.weight_shape), ("bias", (row.units,))):
            own = weights[f"{row.name}.{part}"].shape
            if own != shape:
                raise ValueError(
                    f"The {part} of {row.name} in {file_name} has shape {own}, where an AlexNet of its widths has {shape}."
                )
    return found


def all_finite(imported: Imported, file_name: str) -> None:
    """Raise a ValueError that names the first weight which holds something that is no number."""
    for name, array in imported.weights.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} of {file_name} holds values that are no numbers; get the file again.")


def provenance(name: str, path: Path) -> dict[str, str]:
    """A name for what it is, the file that it came as, and that file's SHA-256."""
    with path.open("rb") as file:
        return {"name": name, "source": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
