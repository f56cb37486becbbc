"""torchvision's `alexnet` as one of ours: one tower, no response normalisation, two zero rows all around the crop.

Its inputs are RGB in 0..1, less a mean, over a standard deviation. Ours are 0..255 less the mean: the division by
255 times the deviation is folded into conv1's weights, colour by colour, so that every activation stays what it was.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model.imported import Imported, provenance, with_shapes_of
from model.layers import TORCHVISION

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of its published weights: AlexNet_Weights.IMAGENET1K_V1
MODULES = {
    "features.0": "conv1", "features.3": "conv2", "features.6": "conv3", "features.8": "conv4", "features.10": "conv5",
    "classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8",
}  # fmt: skip


def load(path: Path) -> dict[str, Any]:
    """What is in a file of torch's: tensors and plain values, nothing that could run code.

    Raises
    ------
    ValueError
        When it holds more than that, or is damaged.
    """
    import torch  # here, so that other formats go without its seconds

    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are about to be refused
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError(refusal(path)) from None
    except Exception:  # torch raises anything on a damaged file
        raise ValueError(damage(path)) from None
    if not isinstance(found, Mapping):
        raise ValueError(f"{path.name} holds no weights by name; save net.state_dict() and convert that file.")
    return dict(found)


def refusal(path: Path) -> str:
    """Why a pickle is not opened, and what to do."""
    return (
        f"{path.name} is a pickle of Python objects, and reading one can run any code on this machine, so it is not "
        "opened; where you trust it, save the weights alone with torch.save(net.state_dict(), 'weights.pth') and give that file."
    )


def damage(path: Path) -> str:
    """That a file cannot be read."""
    return f"{path.name} is damaged or cut short; get the file again."


def read(path: Path, found: Mapping[str, Any]) -> Imported:
    """A state dict of torchvision's `alexnet`, of any width and number of classes.

    Raises
    ------
    ValueError
        When a tensor is missing, unknown or of another shape; names it.
    """
    import torch

    for wrapped in ("state_dict", "model"):  # what training scripts put around it
        if isinstance(found.get(wrapped), Mapping):
            found = found[wrapped]
    tensors = {str(key).removeprefix("module."): value for key, value in found.items()}
    names = {f"{theirs}.{part}": f"{ours}.{part}" for theirs, ours in MODULES.items() for part in ("weight", "bias")}
    missing = [name for name in names if not isinstance(tensors.get(name), torch.Tensor)]
    unknown = [name for name in tensors if name not in names]
    if missing:
        raise ValueError(
            f"{path.name} is not torchvision's alexnet nor a checkpoint of this project: it lacks {_some(missing)}."
        )
    if unknown:
        raise ValueError(f"{path.name} is not torchvision's alexnet alone: it also has {_some(unknown)}.")
    weights = {ours: tensors[theirs].float().contiguous().numpy() for theirs, ours in names.items()}
    if weights["conv1.weight"].ndim != 4 or weights["conv1.weight"].shape[1] != 3:
        raise ValueError(
            f"conv1 of {path.name} has weights of shape {weights['conv1.weight'].shape}, not (..., 3, 11, 11)."
        )
    scale = 255 * np.asarray(STD, np.float64)[:, None, None]
    weights["conv1.weight"] = (weights["conv1.weight"] / scale).astype(np.float32)
    mean = (255 * np.asarray(MEAN)).astype(np.float32)
    config = with_shapes_of(weights, TORCHVISION, path.name)
    return Imported(config=config, weights=weights, mean=mean, recipe=provenance("torchvision's alexnet", path))


def _some(names: list[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
