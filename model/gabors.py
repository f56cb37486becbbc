"""The Gabor fits of a model's first layer in gabors.npz beside it: they take 50 ms a kernel, and never change.

python -m model.gabors MODEL.onnx        # model.export and model.convert do it too
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from model import onnx_file
from model.kernels import Floats, Gabor, fit_gabors

NUMBERS = [field.name for field in fields(Gabor) if field.name != "picture"]


def beside(model: str | Path) -> Path:
    """Where a model's fits are."""
    return Path(model).with_name("gabors.npz")


def write(model: str | Path, kernels: Floats) -> None:
    """Fit Gabor functions to a model's kernels (kernels, 3, rows, columns), and keep them beside it."""
    fits = fit_gabors(kernels)
    numbers = np.asarray([[getattr(fit, name) for name in NUMBERS] for fit in fits])
    np.savez_compressed(
        beside(model), of=_fingerprint(kernels), numbers=numbers, pictures=np.stack([fit.picture for fit in fits])
    )


def of(model: str | Path, kernels: Floats) -> list[Gabor]:
    """The fits of a model's kernels: those beside it, which are exact; fitted now where there are none of these kernels."""
    try:
        with np.load(beside(model)) as parts:
            if str(parts["of"]) == _fingerprint(kernels):
                shown = zip(parts["numbers"].tolist(), parts["pictures"], strict=True)
                return [Gabor(**dict(zip(NUMBERS, row, strict=True)), picture=picture) for row, picture in shown]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        pass  # missing or broken: nothing is lost but time
    return fit_gabors(kernels)


def _fingerprint(kernels: Floats) -> str:
    return hashlib.sha256(np.ascontiguousarray(kernels, np.float32).tobytes()).hexdigest()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the Gabor fits of a model's first layer beside it.")
    parser.add_argument("model", type=Path)
    model = parser.parse_args(argv).model
    try:
        write(model, onnx_file.read(model)[1]["conv1.weight"])
    except ValueError as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
