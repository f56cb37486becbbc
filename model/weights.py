"""A model's weights as safetensors, under standard names and in standard shapes (conv2.weight is (256, 48, 5, 5)).

    python -m model.weights MODEL OUT.safetensors

fc7 and fc8 were trained on fc6 and fc7 behind unscaled dropout: at test time they read half of each (section 4.2).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import save_file

from model import onnx_file


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m model.weights", description="Write a model's weights as safetensors."
    )
    parser.add_argument("model", type=Path, help="an ONNX file of this project")
    parser.add_argument("out", type=Path, help="the safetensors file to write")
    args = parser.parse_args(argv)
    try:
        info, weights = onnx_file.read(args.model)
        save_file(dict(weights), args.out, metadata={"alexnet": info.to_json()})
    except (ValueError, OSError, SafetensorError) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(f"{args.out}: {len(weights)} arrays, {info.config.num_parameters:,} parameters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
