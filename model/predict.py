"""What a model sees in photographs.

python -m model.predict MODEL IMAGE... [--ten-crop] [--top K] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from model.explorer import Explorer, Prediction


def predict(explorer: Explorer, picture: str | Path, ten_crop: bool = False, k: int = 5) -> tuple[Prediction, ...]:
    """The k most probable classes of a picture, from its centre crop or ten crops' average (section 4.1)."""
    return (explorer.run_ten_crops(picture) if ten_crop else explorer.run(picture)).top(k)


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring. Exit status 1 when some pictures could not be read."""
    parser = argparse.ArgumentParser(prog="python -m model.predict", description="What a model sees in photographs.")
    parser.add_argument("model", type=Path, help="an ONNX file of this project")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--ten-crop", action="store_true", help="average ten crops instead of the centre one")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many classes (5)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    args = parser.parse_args(argv)
    if args.top < 1:
        parser.error(f"--top is {args.top}; give at least 1")
    try:
        explorer = Explorer.open(args.model, args.device)
    except ValueError as reason:
        print(reason, file=sys.stderr)
        return 2
    failed = False
    for name in args.images:
        try:
            top = predict(explorer, name, args.ten_crop, args.top)
        except ValueError as reason:
            print(f"{name}: {reason}", file=sys.stderr)
            failed = True
            continue
        if args.json:
            print(json.dumps({"image": name, "predictions": [asdict(one) for one in top]}))
        else:
            print(name)
            for one in top:
                print(f"  {100 * one.probability:5.1f} %  {one.name}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
