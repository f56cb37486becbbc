"""Train a recipe: pictures on disk in, checkpoints, metrics and one ONNX file out.

    python -m training.run RECIPE --data PATH --out DIR [--resume] [--device auto]

Ctrl-C and SIGTERM save a checkpoint and stop; --resume goes on to the same numbers as if nothing had happened, because
all randomness is a function of the recipe's seed and the step.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

import training.recipe
from model.alexnet import AlexNet
from model.export import export, load_checkpoint
from model.provenance import commit, cpu
from training import checkpoint
from training.augment import Augment
from training.evaluate import Array, Errors, evaluate
from training.prepare import Prepared, prepare
from training.recipe import Recipe
from training.step import Momentum, autocast_dtype, logits, train_step

CHECKPOINT_SECONDS = 600  # also within an epoch, so that a crash costs at most this much


class Interrupted(Exception):
    """Somebody asked the run to stop; its checkpoint is saved."""


class Run:
    """A recipe in training: network, optimizer, place in the data, and what was measured so far."""

    def __init__(self, recipe: Recipe, train: Prepared, val: Prepared, out: Path, device: torch.device) -> None:
        self.recipe, self.train, self.val, self.out, self.device = recipe, train, val, out, device
        self.dtype = autocast_dtype(device)
        torch.manual_seed(recipe.seed)
        self.net = AlexNet(recipe.net).initialize(recipe.std, recipe.middle_std, recipe.conv1_std)
        self.net = self.net.to(device).to(memory_format=torch.channels_last)
        self.optimizer = Momentum(recipe, self.net)
        self.augment = Augment.of(recipe, train, device)
        self.num_steps = -(-len(train.labels) // recipe.batch_size)  # of an epoch; the last batch may be short
        self.epoch, self.step = 0, 0  # the next step to take
        self.loss_sum, self.num_wrong, self.seconds = 0.0, 0, 0.0  # of this epoch so far
        self.metrics: list[dict[str, float]] = []
        self.commit = commit()
        self.stop = False

    @property
    def errors(self) -> list[float]:
        return [row["val_top1_error"] for row in self.metrics]

    def fit(self) -> None:
        """Train from where the run stands to the end of its schedule."""
        writer = SummaryWriter(str(self.out / "tensorboard"))
        if not self.metrics and not self.step:
            self.snapshot()
        while self.epoch < self.recipe.epochs and not self.recipe.schedule.finished(self.errors):
            row = self.run_epoch()
            with (self.out / "metrics.jsonl").open("w") as file:
                file.writelines(json.dumps(line) + "\n" for line in self.metrics)
            for name, value in row.items():
                writer.add_scalar(name, value, self.epoch)
            self.snapshot()
            self.save()
        writer.close()

    def run_epoch(self) -> dict[str, float]:
        """Finish the epoch the run is in and validate; returns its line of metrics."""
        size, num_images = self.recipe.batch_size, len(self.train.labels)
        order = np.random.default_rng([self.recipe.seed, self.epoch]).permutation(num_images)
        saved = start = time.monotonic()
        before, first = self.seconds, self.step
        self.net.train()
        while self.step < self.num_steps:
            self._stop_if_asked()
            chosen = order[self.step * size : (self.step + 1) * size]
            self.learn(np.sort(chosen))  # sorted: the disk likes it, the mean gradient does not mind
            self.seconds = before + time.monotonic() - start
            self._progress((self.step - first) * size / (time.monotonic() - start))
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
        errors = self.evaluate()
        row = {
            "epoch": self.epoch + 1,
            "lr": self.recipe.lr * self.lr_factor(self.epoch * self.num_steps + self.step - 1),
            "train_loss": self.loss_sum / num_images,
            "train_error": 100 * self.num_wrong / num_images,
            "val_top1_error": errors.top1_error,
            "val_top5_error": errors.top5_error,
            "images_per_second": num_images / self.seconds,
            "wall_seconds": before + time.monotonic() - start,
        }
        self.metrics.append(row)
        self.epoch, self.step, self.seconds, self.loss_sum, self.num_wrong = self.epoch + 1, 0, 0.0, 0.0, 0
        print(
            f"epoch {self.epoch:3d}: loss {row['train_loss']:.3f}, training error {row['train_error']:.1f} %, "
            f"validation {errors.top1_error:.2f} / {errors.top5_error:.2f} %, {row['images_per_second']:.0f} pictures/s"
            + " "
            * 20,
            flush=True,
        )
        return row

    def _stop_if_asked(self) -> None:
        if self.stop:
            self.save()
            raise Interrupted

    def lr_factor(self, step: int) -> float:
        """What the schedule multiplies the rate by at a step, counted from the run's start."""
        return self.recipe.schedule.factor(step / self.num_steps, self.recipe.epochs, self.errors)

    def learn(self, chosen: np.ndarray) -> None:
        """One step on these training pictures."""
        step = self.epoch * self.num_steps + self.step
        self.optimizer.set_factor(self.lr_factor(step), self.recipe.conv1_lr(self.epoch))
        seed = int(np.random.SeedSequence([self.recipe.seed, 1, step]).generate_state(1)[0])
        torch.manual_seed(seed)  # dropout
        squares = torch.from_numpy(self.train.images[chosen]).to(self.device)
        labels = torch.from_numpy(self.train.labels[chosen]).to(self.device)
        crops = self.augment(squares, torch.Generator().manual_seed(seed), self.recipe.has_colour_noise(self.epoch))
        loss, wrong = train_step(self.net, self.optimizer, crops, labels, self.dtype, self.recipe.label_smoothing)
        if not torch.isfinite(loss):
            raise ValueError(f"The loss is {loss.item()} at epoch {self.epoch + 1}, step {self.step}; lower the rate.")
        self.loss_sum += loss.item() * len(chosen)
        self.num_wrong += int(wrong)
        self.step += 1

    def evaluate(self, ten_crop: bool = False) -> Errors:
        """Error on the validation split."""

        def progress(done: int, total: int) -> None:
            self._stop_if_asked()

        return evaluate(self.probabilities, self.val, self.train.mean, ten_crop, batch_size=120, progress=progress)

    @torch.no_grad()
    def probabilities(self, crops: Array) -> Array:
        """Class probabilities (n, classes) of crops (n, 3, 224, 224), as at test time."""
        self.net.eval()
        x = torch.from_numpy(crops).to(self.device, memory_format=torch.channels_last)
        return logits(self.net, x, self.dtype).softmax(1).cpu().numpy()

    def snapshot(self) -> None:
        """Keep conv1's kernels as they are now, (kernels, 3, 11, 11) in 16 bits: the story of Figure 3."""
        kernels = self.net.conv1.weight.detach().cpu().numpy().astype(np.float16)
        (self.out / "kernels").mkdir(exist_ok=True)
        np.save(self.out / "kernels" / f"conv1_{self.epoch:03d}.npy", kernels)

    def save(self) -> None:
        """Write checkpoint.pt, from which `restore` goes on exactly."""
        velocities = [self.optimizer.state[w].get("v") for w in self.net.parameters()]
        state = {
            "weights": self.net.state_dict(),
            "velocities": velocities,
            "epoch": self.epoch,
            "step": self.step,
            "loss_sum": self.loss_sum,
            "num_wrong": self.num_wrong,
            "seconds": self.seconds,
            "metrics": self.metrics,
            "recipe": self.recipe.to_dict(),
            "config": self.recipe.net.to_dict(),
            "commit": self.commit,
            "class_ids": self.train.class_ids,
            "mean": torch.from_numpy(self.train.mean),
        }
        checkpoint.save(self.out / "checkpoint.pt", state)

    def restore(self) -> None:
        """Go on from checkpoint.pt."""
        state = load_checkpoint(self.out / "checkpoint.pt")
        if state["recipe"] != self.recipe.to_dict():
            raise ValueError(f"{self.out}/checkpoint.pt was made with another recipe; give another --out.")
        if state["class_ids"] != self.train.class_ids or not np.array_equal(state["mean"], self.train.mean):
            raise ValueError(f"{self.out}/checkpoint.pt was made with other pictures; give another --out.")
        self.net.load_state_dict(state["weights"])
        for w, v in zip(self.net.parameters(), state["velocities"], strict=True):
            if v is not None:
                self.optimizer.state[w]["v"] = v.to(self.device).to(memory_format=torch.preserve_format)
        self.epoch, self.step, self.metrics, self.commit = (
            state[key] for key in ("epoch", "step", "metrics", "commit")
        )
        self.loss_sum, self.num_wrong, self.seconds = (state[key] for key in ("loss_sum", "num_wrong", "seconds"))

    def _progress(self, images_per_second: float) -> None:
        if not sys.stderr.isatty() and self.step % 50:
            return
        size, total = self.recipe.batch_size, self.recipe.epochs * self.num_steps
        loss = self.loss_sum / min(self.step * size, len(self.train.labels))
        minutes_left = (total - self.epoch * self.num_steps - self.step) * size / images_per_second / 60
        print(
            f"epoch {self.epoch + 1} of {self.recipe.epochs}, step {self.step} of {self.num_steps}, loss {loss:.3f}, "
            f"{images_per_second:.0f} pictures/s, {minutes_left:.0f} minutes left ",
            end="\r", file=sys.stderr, flush=True,
        )  # fmt: skip


def choose_device(name: str) -> torch.device:
    """ "auto" is the GPU where torch finds one, else the CPU."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("torch finds no CUDA GPU here; use --device cpu, or auto.")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")


def describe(run: Run) -> dict[str, Any]:
    """What it takes to repeat a run."""
    return {
        "recipe": run.recipe.to_dict(),
        "commit": run.commit,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "hardware": torch.cuda.get_device_name() if run.device.type == "cuda" else cpu(),
        "threads": torch.get_num_threads(),
        "autocast": str(run.dtype),
        "num_train": len(run.train.labels),
        "num_val": len(run.val.labels),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", help="a file of training/recipes, without .py")
    parser.add_argument("--data", type=Path, required=True, help="ImageFolder tree or folder of Parquet shards")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, metrics and model.onnx")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--limit", type=int, help="only N pictures of each split")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where decoded pictures are kept")
    args = parser.parse_args(argv)
    try:
        train_and_export(args)
    except Interrupted:
        print("\nStopped; the checkpoint is saved. Go on with the same command and --resume.")
    except KeyboardInterrupt:  # before the first step
        print("\nStopped before training began; the same command starts again.")
    except (ValueError, OSError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


def train_and_export(args: argparse.Namespace) -> None:
    """Train, evaluate with ten crops, export."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, until the run can save
    recipe, device = training.recipe.load(args.recipe), choose_device(args.device)
    if (args.out / "checkpoint.pt").exists() != args.resume:
        raise ValueError(
            f"There is no checkpoint in {args.out} to resume from."
            if args.resume
            else f"{args.out} holds a run already; add --resume to go on with it, or give another --out."
        )
    train, val = (prepare(args.data, split, args.cache).head(args.limit) for split in ("train", "val"))
    if train.class_ids != val.class_ids or len(train.class_ids) != recipe.net.num_classes:
        raise ValueError(
            f"{args.data} has {len(train.class_ids)} training and {len(val.class_ids)} validation classes; "
            f"recipe {recipe.name} is for {recipe.net.num_classes}, the same in both."
        )
    args.out.mkdir(parents=True, exist_ok=True)
    run = Run(recipe, train, val, args.out, device)
    if args.resume:
        run.restore()
    else:
        (args.out / "run.json").write_text(json.dumps(describe(run), indent=1))
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: setattr(run, "stop", True))
    print(
        f"{recipe.name}: {len(train.labels):,} pictures, {run.num_steps} steps an epoch, on {device}, {run.dtype or 'float32'}"
    )
    run.fit()
    errors = run.evaluate(ten_crop=True)
    print(f"ten crops: {errors.top1_error:.2f} % top-1, {errors.top5_error:.2f} % top-5 error")
    one_crop = {key: run.metrics[-1][key] for key in ("val_top1_error", "val_top5_error")}
    ten_crop = {"ten_crop_top1_error": errors.top1_error, "ten_crop_top5_error": errors.top5_error}
    metrics = {**one_crop, **ten_crop, "num_images": errors.num_images, "epochs": run.epoch}
    export(args.out / "checkpoint.pt", args.out / "model.onnx", metrics)
    print(f"{args.out / 'model.onnx'} is ready: python -m model.predict {args.out / 'model.onnx'} PHOTO")


if __name__ == "__main__":
    sys.exit(main())
