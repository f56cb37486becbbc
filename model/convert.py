"""Other people's AlexNets, and our own, as the one file that the explorer opens.

    python -m model.convert torchvision|bvlc|caffenet [OUT.onnx] [--address URL]
    python -m model.convert SOURCE [OUT.onnx] [--mean imagenet_mean.binaryproto] [--classes NAMES.txt]

The first form fetches published weights and gives the thousand classes at once. SOURCE is torchvision's `alexnet`
(.pth), Caffe's AlexNet or reference net (.caffemodel), a checkpoint of training.run or a model file of this project.
Without OUT, a model goes to runs/models/NAME/model.onnx, where the explorer finds it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model import caffemodel, gabors, onnx_file, torchvision_weights
from model.class_names import thousand_classes
from model.imported import Imported, all_finite
from model.onnx_file import ModelInfo
from model.published import PUBLISHED, fetch, folder_name, models_folder

PICKLES = (".pkl", ".pickle", ".joblib", ".dill")
TORCH = (".pth", ".pt", ".bin", ".tar", ".ckpt")
KNOWN = "torchvision's alexnet (.pth), Caffe's (.caffemodel), a checkpoint.pt or a model.onnx of this project"
TELL_SECONDS = 0.25

Progress = Callable[[str, int, int], None]
Classes = tuple[tuple[str, str], ...]


def convert(
    source: Path,
    out: Path,
    mean: Path | None = None,
    classes: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> ModelInfo:
    """Write a model file from whatever of `KNOWN` the source is.

    Parameters
    ----------
    mean : Path, optional
        A mean picture of Caffe's, for a .caffemodel.
    classes : Path, optional
        The classes' names in the net's order, one a line. If not given, a thousand classes are ILSVRC-2012's, and others
        are numbered.
    progress : callable
        Told the stage, "read" or "write", and how far it is.

    Raises
    ------
    ValueError
        When the source cannot be read or mapped: one sentence that names what is in the way.
    """
    if not source.is_file():
        raise ValueError(f"There is no file at {source}; give {KNOWN}, or one of the names {', '.join(PUBLISHED)}.")
    if out.suffix != ".onnx":
        raise ValueError(f"{out} does not end in .onnx; the explorer opens files that do.")
    progress("read", 0, 1)
    info, weights = _read(source, mean, classes)
    progress("write", 0, 1)
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx_file.write(out, info, weights)
    gabors.write(out, weights["conv1.weight"])
    progress("write", 1, 1)
    return info


def _read(source: Path, mean: Path | None, classes: Path | None) -> tuple[ModelInfo, Any]:
    if source.suffix.lower() in PICKLES:
        raise ValueError(torchvision_weights.refusal(source))
    if source.suffix.lower() == ".caffemodel":
        return _named(caffemodel.read(source, mean), classes, source)
    if mean or (classes and source.suffix.lower() == ".onnx"):
        raise ValueError(f"{source.name} brings a mean and classes of its own; leave --mean and --classes out.")
    if source.suffix.lower() == ".onnx":
        return onnx_file.read(source)
    with source.open("rb") as file:
        start = file.read(2)
    if source.suffix.lower() not in TORCH and start != b"PK" and start[:1] != b"\x80":
        raise ValueError(f"{source.name} is nothing that can be converted; give {KNOWN}.")
    return _from_torch(source, classes)


def _from_torch(source: Path, classes: Path | None) -> tuple[ModelInfo, Any]:
    """torchvision's net, or a checkpoint of ours."""
    found = torchvision_weights.load(source)
    if not {"weights", "class_ids", "config"} <= found.keys():
        return _named(torchvision_weights.read(source, found), classes, source)
    from model.export import load_checkpoint, read_checkpoint  # here, since torch takes seconds

    return read_checkpoint(load_checkpoint(source))


def _named(imported: Imported, path: Path | None, source: Path) -> tuple[ModelInfo, Any]:
    all_finite(imported, source.name)
    info = ModelInfo(
        config=imported.config,
        classes=_classes(imported.config.num_classes, path),
        mean=imported.mean,
        recipe=imported.recipe,
    )
    return info, imported.weights


def _classes(count: int, path: Path | None) -> Classes:
    if path is not None:
        try:
            names = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"{path} cannot be read; give a text file with a class's name on each line.") from None
        names = [name.strip() for name in names if name.strip()]
        if len(names) != count:
            raise ValueError(f"{path.name} names {len(names):,} classes, and the net has {count:,}.")
        return tuple((f"class{i:04}", name) for i, name in enumerate(names))
    known = thousand_classes()
    return known if count == len(known) else tuple((f"class{i:04}", f"class {i + 1}") for i in range(count))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model.convert", description="Other people's AlexNets, and ours, as a file of the explorer's."
    )
    parser.add_argument("source", help=f"{', '.join(PUBLISHED)}: fetched; or a file: {KNOWN}")
    parser.add_argument("out", type=Path, nargs="?", help="the ONNX file to write (runs/models/NAME/model.onnx)")
    parser.add_argument("--address", default="", help="another address of the same published file")
    parser.add_argument("--mean", type=Path, help="Caffe's imagenet_mean.binaryproto, in place of its mean colour")
    parser.add_argument("--classes", type=Path, help="a text file with the classes' names, one a line")
    parser.add_argument("--json", action="store_true", help="progress and outcome as one JSON object a line")
    return parser


class _Teller:
    """Progress for a person, on one line of stderr, or for a program, on stdout; a few times a second."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.last, self.stage = 0.0, ""

    def progress(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == self.stage and now - self.last < TELL_SECONDS and done < total:
            return
        if self.as_json:
            print(json.dumps({"stage": stage, "done": done, "total": total}), flush=True)
        elif stage == "fetch":
            end = "\n" if done == total else ""
            print(f"\r{done / 1e6:.0f} of {total / 1e6:.0f} MB", end=end, file=sys.stderr, flush=True)
        self.stage, self.last = stage, now

    def fetched(self, done: int, total: int | None) -> None:
        self.progress("fetch", done, total or done)

    def tell(self, sentence: str) -> None:
        if not self.as_json:
            print(f"\n{sentence}", file=sys.stderr)

    def error(self, sentence: str) -> None:
        print(
            json.dumps({"error": sentence}) if self.as_json else sentence,
            file=sys.stdout if self.as_json else sys.stderr,
        )

    def outcome(self, out: Path, info: ModelInfo) -> None:
        if self.as_json:
            print(json.dumps({"out": str(out)}))
            return
        size_mb = out.stat().st_size / 1e6
        print(f"{out}: {info.config.num_parameters:,} parameters, {len(info.classes):,} classes, {size_mb:.1f} MB")


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    args = _parser().parse_args(argv)
    teller = _Teller(args.json)
    name = args.source if args.source in PUBLISHED else folder_name(Path(args.source).stem)
    out: Path = args.out or models_folder() / name / "model.onnx"
    try:
        source = Path(args.source)
        if args.source in PUBLISHED:
            source = fetch(args.source, out.parent, args.address, teller.fetched, teller.tell)
        elif args.address:
            raise ValueError(f"--address is for {', '.join(PUBLISHED)}; {args.source} is a file.")
        info = convert(source, out, args.mean, args.classes, teller.progress)
    except (ValueError, OSError, MemoryError) as reason:
        teller.error(str(reason) or type(reason).__name__)
        return 2
    except KeyboardInterrupt:
        teller.error("Stopped; the same command goes on with the download where it was.")
        return 130
    teller.outcome(out, info)
    return 0


if __name__ == "__main__":
    sys.exit(main())
