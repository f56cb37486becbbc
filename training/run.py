"""Train a recipe: pictures on disk in, checkpoints, metrics and one ONNX file out.

    python -m training.run RECIPE --data PATH --out DIR [--resume] [--device auto]
    torchrun --nproc-per-node N -m training.run RECIPE --parallel towers|data --data PATH --out DIR

Ctrl-C and SIGTERM save a checkpoint and stop; --resume goes on to the same numbers as if nothing had happened, because
all randomness is a function of the recipe's seed and the step.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

import training.recipe
from model.export import export
from model.provenance import commit, cpu
from training.checkpoint import write_text
from training.history import forget, inherit, trained_before
from training.prepare import find
from training.step import keep_freed_memory
from training.towers import Layout, Tower, layout, report
from training.trainer import Interrupted, Run

PATIENCE = timedelta(days=1)  # of processes that wait while the first one prepares pictures


def choose_device(name: str) -> torch.device:
    """ "auto" is the GPU where torch finds one, else the CPU; under torchrun each process takes the next one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("torch finds no CUDA GPU here; use --device cpu, or auto.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    local_rank = int(os.environ.get("LOCAL_RANK", 0))
    if local_rank >= torch.cuda.device_count():
        raise ValueError(f"Process {local_rank + 1} has no GPU: this machine has {torch.cuda.device_count()}.")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def describe(run: Run) -> dict[str, Any]:
    """What it takes to repeat a run."""
    return {
        "recipe": run.recipe.to_dict(),
        "commit": run.commit,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "hardware": torch.cuda.get_device_name() if run.device.type == "cuda" else cpu(),
        "threads": torch.get_num_threads(),
        "processes": {"towers": run.place.towers, "pairs": run.place.num_pairs},
        "autocast": str(run.dtype),
        "num_train": len(run.train.labels),
        "num_val": len(run.val.labels),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", help="a file of training/recipes, without .py; with _mini its small version")
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, metrics and model.onnx")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")
    parser.add_argument(
        "--from",
        type=Path,
        dest="start",
        help="a checkpoint or model.onnx whose weights to start from, where they fit",
    )
    parser.add_argument("--validate-on", type=int, metavar="N", help="after each epoch, only N validation pictures")
    parser.add_argument("--minutes", type=float, help="train no longer than this, then judge and export what there is")
    parser.add_argument("--unjudged", action="store_true", help="export without errors; training.card finds them")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--parallel", choices=("none", "data", "towers"), default="none", help="under torchrun")
    parser.add_argument("--compile", action="store_true", help="torch.compile the network (CUDA; untried)")
    parser.add_argument("--limit", type=int, help="only N pictures of each split")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    args = parser.parse_args(argv)
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        train_and_export(args)
    except Interrupted:
        print("\nStopped; the checkpoint is saved. Go on with the same command and --resume.")
    except KeyboardInterrupt:  # before the first step
        print("\nStopped before training began; the same command starts again.")
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    finally:
        for signum, handler in before.items():  # training.ship goes on in this process
            signal.signal(signum, handler or signal.SIG_DFL)
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def train_and_export(args: argparse.Namespace) -> None:
    """Train, judge, export."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, until the run can save
    run = start(args)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: setattr(run, "stop", True))
    say: Callable[[str], None] = print if run.place.is_first else lambda _: None
    say(
        f"{run.recipe.name}: {len(run.train.labels):,} pictures, {run.num_steps} steps an epoch, on {run.device}, "
        f"{run.dtype or 'float32'}"
    )
    if args.minutes is not None:
        run.deadline = time.monotonic() + 60 * args.minutes
    run.fit()
    errors = {} if args.unjudged else judge(run, say)
    if isinstance(run.net, Tower):
        say(report(run.net))
    if run.place.is_first:
        metrics = {**errors, "epochs": run.epochs, "hours": run.hours}
        export(args.out / "checkpoint.pt", args.out / "model.onnx", metrics)
        say(f"{args.out / 'model.onnx'} is ready: python -m model.predict {args.out / 'model.onnx'} PHOTO")


def judge(run: Run, say: Callable[[str], None]) -> dict[str, float]:
    """Errors on the whole validation split, with one crop and ten."""
    centre, errors = run.evaluate(run.val), run.evaluate(run.val, ten_crop=True)
    say(f"ten crops: {errors.top1_error:.2f} % top-1, {errors.top5_error:.2f} % top-5 error")
    one_crop = {"val_top1_error": centre.top1_error, "val_top5_error": centre.top5_error}
    ten_crop = {"ten_crop_top1_error": errors.top1_error, "ten_crop_top5_error": errors.top5_error}
    return {**one_crop, **ten_crop, "num_images": errors.num_images}


def start(args: argparse.Namespace) -> Run:
    """A run as the command line asks for it, at the step where it is to begin."""
    recipe, device = training.recipe.load(args.recipe), choose_device(args.device)
    if (args.out / "checkpoint.pt").exists() != args.resume:
        raise ValueError(
            f"There is no checkpoint in {args.out} to resume from."
            if args.resume
            else f"{args.out} holds a run already; add --resume to go on with it, or give another --out."
        )
    if not args.resume and any((args.out / name).exists() for name in ("metrics.jsonl", "best.pt", "model.onnx")):
        raise ValueError(f"{args.out} holds a run, or a model, without its checkpoint; give another --out.")
    if args.start and not args.resume and not args.start.exists():
        raise ValueError(f"There is no {args.start} to start from.")
    if device.type == "cpu":
        keep_freed_memory()
    torch.backends.cudnn.allow_tf32 = False  # float32 is what it says: judging and the story are not in bfloat16
    place = join(args.parallel, recipe.net, device)
    if not place.is_first:
        dist.barrier()  # the first process decodes, the others open what it has decoded
    found = [find(args.data, split, args.cache) for split in ("train", "val")]
    train_ids, val_ids = (one.class_ids for one in found)
    if train_ids != val_ids or len(train_ids) != recipe.net.num_classes:
        if place.mesh and place.is_first:
            dist.barrier()  # the others find the same
        raise ValueError(
            f"{args.data} has {len(train_ids)} training and {len(val_ids)} validation classes, a folder each; "
            f"recipe {recipe.name} is for {recipe.net.num_classes}, the same in both."
        )
    train, val = (one.open().head(args.limit) for one in found)
    if place.mesh and place.is_first:
        dist.barrier()
    args.out.mkdir(parents=True, exist_ok=True)
    run = Run(recipe, train, val, args.out, device, place, args.validate_on)
    if args.compile:
        run.model = torch.compile(run.model)  # type: ignore[assignment]
    if args.resume:
        run.restore()
        if place.is_first:
            add_resumed(args.out / "run.json", run)
    elif args.start:
        fresh = run.start_from(args.start)
    if place.is_first and not args.resume:
        forget(args.out)
        if args.start:
            print(f"Starting from {args.start}; new: {', '.join(fresh) or 'nothing'}. {inherit(args.start, args.out)}")
        origin = {"from": str(args.start), "trained_before": trained_before(args.start)} if args.start else {}
        (args.out / "run.json").write_text(json.dumps(describe(run) | origin, indent=1))
    return run


def add_resumed(path: Path, run: Run) -> None:
    """Note in run.json from where a run goes on, and on what: the rest of it tells of the beginning."""
    told = json.loads(path.read_text()) if path.exists() else {}
    now = {"epoch": run.epoch, "step": run.step, "commit": commit()}
    now |= {
        key: value for key, value in describe(run).items() if key in ("versions", "hardware", "processes", "autocast")
    }
    write_text(path, json.dumps(told | {"resumed": [*told.get("resumed", []), now]}, indent=1))


def join(parallel: Any, config: Any, device: torch.device) -> Layout:
    """This process's place among those that torchrun started; alone without it."""
    rank, world_size = (int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1)))
    if world_size > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return layout(parallel, config, rank, world_size, device.type)


if __name__ == "__main__":
    sys.exit(main())
