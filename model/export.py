"""A checkpoint as the one file that the explorer opens.

python -m model.export CHECKPOINT OUT.onnx [--compress]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from model import gabors, onnx_file
from model.class_names import class_name
from model.layers import Config
from model.onnx_file import Array, ModelInfo


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint of `training.run`: tensors and plain values, nothing that could run code.

    Raises
    ------
    ValueError
        When the file is missing or no such checkpoint.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if missing := {"weights", "class_ids", "mean", "recipe", "commit", "metrics", "step"} - state.keys():
            raise KeyError(*missing)
        state["config"] = Config.from_dict(state["config"])
    except FileNotFoundError:
        raise ValueError(f"There is no checkpoint at {path}.") from None
    except Exception as reason:
        raise ValueError(
            f"{path} is no checkpoint of training.run ({type(reason).__name__}); give the checkpoint.pt of a run's folder."
        ) from reason
    return state


def export(
    checkpoint: str | Path, out: str | Path, metrics: Mapping[str, Any] | None = None, compress: bool = False
) -> ModelInfo:
    """Write the model of a checkpoint as an ONNX file, and its kernels' Gabor fits beside it.

    Parameters
    ----------
    metrics : mapping, optional
        What the file is to say of its errors; if not given, the last epoch's, unless training went on since.
    compress : bool
        Keep the weights of fc6 and fc7 in 4 bits (`four_bits`): a full-size network for twenty classes in 41 MB.

    Raises
    ------
    ValueError
        When the checkpoint cannot be read.
    """
    info, weights = read_checkpoint(load_checkpoint(checkpoint), metrics)
    onnx_file.write(out, info, weights, onnx_file.COMPRESSIBLE if compress else ())
    gabors.write(out, weights["conv1.weight"])
    return info


def read_checkpoint(
    state: Mapping[str, Any], metrics: Mapping[str, Any] | None = None
) -> tuple[ModelInfo, dict[str, Array]]:
    """What `load_checkpoint` returned, as what a model file holds; `metrics` as for `export`."""
    info = ModelInfo(
        config=state["config"],
        classes=tuple((key, class_name(key)) for key in state["class_ids"]),
        mean=state["mean"].numpy(),
        covariance=state["covariance"].numpy() if "covariance" in state else None,
        recipe=state["recipe"],
        commit=state["commit"],
        metrics=metrics or (state["metrics"][-1] if state["metrics"] and not state["step"] else {}),
        detail_px=state.get("detail_px"),
    )
    return info, weights_of(state["weights"])


def weights_of(state_dict: Mapping[str, torch.Tensor]) -> dict[str, Array]:
    """A torch network's weights as arrays, contiguous, by the same names."""
    return {name: tensor.detach().float().contiguous().cpu().numpy() for name, tensor in state_dict.items()}


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m model.export", description="Write a checkpoint as an ONNX file.")
    parser.add_argument("checkpoint", type=Path, help="checkpoint.pt of a run's folder")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--compress", action="store_true", help="fc6 and fc7 in 4 bits")
    args = parser.parse_args(argv)
    try:
        info = export(args.checkpoint, args.out, compress=args.compress)
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    size_mb = args.out.stat().st_size / 1e6
    print(f"{args.out}: {info.config.num_parameters:,} parameters, {len(info.classes)} classes, {size_mb:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
