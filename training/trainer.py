"""A recipe in training: its network, its place in the data, what was measured, and how all of that is saved."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter

from model.alexnet import AlexNet
from model.provenance import commit
from training import checkpoint, towers
from training.augment import Augment
from training.average import RunningMean
from training.data import Feed, Indices, shuffled
from training.evaluate import Array, Errors, evaluate
from training.prepared import Prepared
from training.recipe import Recipe
from training.step import Momentum, autocast_dtype, judged_logits, train_step
from training.story import Story, share_of_epoch
from training.towers import Layout, PartOfDropout, Tower

CHECKPOINT_SECONDS = 600  # also within an epoch, so that a crash costs at most this much
AGREE_STEPS = 20  # between looks of several GPUs' processes at whether one was asked to stop


class Interrupted(Exception):
    """Somebody asked the run to stop; its checkpoint is saved."""


class TimeIsUp(Exception):
    """The minutes that the run was given are over; its checkpoint is saved."""


class Run:
    """One process's share of a recipe in training; alone, all of it."""

    def __init__(
        self,
        recipe: Recipe,
        train: Prepared,
        val: Prepared,
        out: Path,
        device: torch.device,
        place: Layout | None = None,
        validate_on: int | None = None,
    ) -> None:
        self.recipe, self.train, self.val, self.out, self.device = recipe, train, val, out, device
        self.val_between = val.head(validate_on)  # what is looked at after an epoch
        self.place = place or Layout()
        self.dtype = autocast_dtype(device)
        torch.manual_seed(recipe.seed)
        start = AlexNet(recipe.net).initialize(recipe.std, recipe.middle_std, recipe.conv1_std)
        self.net = self.new_net()
        self.set_weights(start.state_dict())
        self.average: RunningMean | None = None
        if recipe.net.dropout and self.place.mesh:
            self.net.dropout = PartOfDropout(self.place)
        self.model: nn.Module = self.net
        if self.place.num_pairs > 1:
            self.model = DistributedDataParallel(self.net, process_group=self.place.group("pair"))
        self.optimizer = Momentum(recipe, self.net)
        self.augment = Augment.of(recipe, train, device)
        self.feed = Feed(train, device)
        self.story = Story.of(out, val, train.mean)
        self.num_steps = -(-len(train.labels) // recipe.batch_size)  # of an epoch; the last batch may be short
        self.epoch, self.step = 0, 0  # the next step to take
        self.loss_sum, self.num_wrong = (torch.zeros((), dtype=torch.float64, device=device) for _ in range(2))
        self.seconds = 0.0  # of this epoch so far, as are loss_sum and num_wrong (of this process's pictures)
        self.metrics: list[dict[str, float]] = []
        self.commit = commit()
        self.stop = False
        self.deadline = math.inf
        """When to leave off and let what there is be judged, by `time.monotonic`."""

    def new_net(self) -> AlexNet:
        """A net as the recipe wants it, or this process's part of one."""
        net = AlexNet(self.recipe.net) if self.place.towers == 1 else Tower(self.recipe.net, self.place)
        return net.to(self.device).to(memory_format=torch.channels_last)

    @property
    def judged(self) -> AlexNet:
        """What is validated, shown and exported: the mean of the weights where the recipe asks for one."""
        return self.average.net if self.average else self.net

    @property
    def epochs(self) -> float:
        """Passes over the training set so far, an unfinished one by its part."""
        return self.epoch + self.step / self.num_steps

    @property
    def hours(self) -> float:
        """Of training and validation so far; pauses do not count."""
        return (sum(row["wall_seconds"] for row in self.metrics) + self.seconds) / 3600

    @property
    def errors(self) -> list[float]:
        return [row["val_top1_error"] for row in self.metrics]

    def fit(self) -> None:
        """Train from where the run stands to the end of its schedule."""
        writer = SummaryWriter(str(self.out / "tensorboard")) if self.place.is_first else None
        if not self.metrics and not self.step:
            self.snapshot()
        while self.epoch < self.recipe.epochs and not self.recipe.schedule.finished(self.errors):
            try:
                row = self.run_epoch()
            except TimeIsUp:
                break
            if writer:
                for name, value in row.items():
                    writer.add_scalar(name, value, self.epoch)
            self.save()
            self.snapshot()
            self._keep_best()
        if writer:
            writer.close()

    def run_epoch(self) -> dict[str, float]:
        """Finish the epoch the run is in and validate; returns its line of metrics."""
        saved = looked = start = time.monotonic()
        before, first = self.seconds, self.step
        self.model.train()
        for squares, labels in self.feed.batches(self._parts()):
            self._stop_if_asked()
            if self._agreed(time.monotonic() > self.deadline):  # of several processes none may go on alone
                self.save()
                if self.step:
                    self.snapshot(Fraction(self.step, self.num_steps))
                raise TimeIsUp
            self.learn(squares, labels)
            if share := share_of_epoch(self.step, self.num_steps, self.recipe.epochs):
                self.snapshot(share)
            self.seconds = before + time.monotonic() - start
            if time.monotonic() - looked > (1 if sys.stderr.isatty() else 30):
                self._look((self.step - first) * self.recipe.batch_size / (time.monotonic() - start))
                looked = time.monotonic()
            if self._agreed(time.monotonic() - saved > CHECKPOINT_SECONDS):
                self.save()
                saved = time.monotonic()
        num_images = len(self.train.labels)
        loss_sum, num_wrong = self.place.total(self.loss_sum.item(), self.num_wrong.item())
        self._check(loss_sum)
        if self.place.mesh:  # several processes cannot stop while they validate
            self.save()
        errors = self.evaluate(self.val_between)
        row = {
            "epoch": self.epoch + 1,
            "lr": self.recipe.lr * self.lr_factor(self.epoch * self.num_steps + self.step - 1),
            "train_loss": loss_sum / num_images,
            "train_error": 100 * num_wrong / num_images,
            "val_top1_error": errors.top1_error,
            "val_top5_error": errors.top5_error,
            "num_judged": errors.num_images,
            "images_per_second": num_images / self.seconds,
            "wall_seconds": before + time.monotonic() - start,
        }
        self.metrics.append(row)
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self.loss_sum.zero_()
        self.num_wrong.zero_()
        if self.place.is_first:
            print(
                f"epoch {self.epoch:3d}: loss {row['train_loss']:.3f}, training error {row['train_error']:.1f} %, "
                f"validation {errors.top1_error:.2f} / {errors.top5_error:.2f} %, "
                f"{row['images_per_second']:.0f} pictures/s".ljust(110),
                flush=True,
            )
        return row

    def _parts(self) -> Iterator[Indices]:
        """This process's pictures in each batch from where the run stands, sorted: the disk likes it, the mean gradient
        does not mind."""
        order, size = shuffled(self.recipe.seed, self.epoch, len(self.train.labels)), self.recipe.batch_size
        for step in range(self.step, self.num_steps):
            batch = np.sort(order[step * size : (step + 1) * size])
            yield batch[self.place.rows(len(batch))]

    def learn(self, squares: Tensor, labels: Tensor) -> None:
        """One step on this process's share of a batch: uint8 (n, 256, 256, 3) and int64 (n,)."""
        if self.recipe.average_epochs and self.epoch >= self.recipe.epochs - self.recipe.average_epochs:
            self.average = self.average or RunningMean(self.new_net(), self.net)
        step, size = self.epoch * self.num_steps + self.step, self.recipe.batch_size
        batch = min(size, len(self.train.labels) - self.step * size)
        self.optimizer.set_factor(self.lr_factor(step), self.recipe.conv1_lr(self.epoch))
        seed = int(np.random.SeedSequence([self.recipe.seed, 1, step]).generate_state(1)[0])
        torch.manual_seed(seed)  # dropout
        if isinstance(self.net.dropout, PartOfDropout):
            self.net.dropout.batch = batch
        if isinstance(self.net, Tower):
            self.net.begin_step()
        draws = self.augment.draw(batch, torch.Generator().manual_seed(seed)).part(self.place.rows(batch))
        crops = self.augment(squares, draws, self.recipe.has_colour_noise(self.epoch), self.recipe.side_px(self.epoch))
        count = batch / self.place.num_pairs  # gradients are averaged over pairs
        loss, wrong = train_step(
            self.model, self.optimizer, crops, labels, self.dtype, self.recipe.label_smoothing, count
        )
        if self.average:
            self.average.add(self.net)
        self.loss_sum += loss * count
        self.num_wrong += wrong
        self.step += 1

    def lr_factor(self, step: int) -> float:
        """What the schedule multiplies the rate by at a step, counted from the run's start."""
        return self.recipe.schedule.factor(step / self.num_steps, self.recipe.epochs, self.errors)

    def evaluate(self, pictures: Prepared, ten_crop: bool = False) -> Errors:
        """Error on pictures of the validation split; pairs share them."""
        mine = pictures.part(self.place.rows(len(pictures.labels)))

        def progress(done: int, total: int) -> None:
            if not self.place.mesh:
                self._stop_if_asked()

        errors = evaluate(self.probabilities, mine, self.train.mean, ten_crop, batch_size=120, progress=progress)
        if self.place.num_pairs == 1:
            return errors
        wrong = (error * errors.num_images / 100 for error in (errors.top1_error, errors.top5_error))
        top1, top5, count = self.place.total(*wrong, errors.num_images)
        return replace(errors, top1_error=100 * top1 / count, top5_error=100 * top5 / count, num_images=round(count))

    @torch.no_grad()
    def probabilities(self, crops: Array) -> Array:
        """Class probabilities (n, classes) of crops (n, 3, 224, 224), as at test time."""
        self.judged.eval()
        x = torch.from_numpy(crops).to(self.device, memory_format=torch.channels_last)
        return judged_logits(self.judged, x, self.dtype).softmax(1).cpu().numpy()

    def snapshot(self, share: Fraction = Fraction(0)) -> None:
        """Keep what the net is now, and what it makes of some pictures: a moment of the story of training."""
        self.story.tell(self.judged, self.epoch + share, self.place.is_first, self.device)

    def save(self) -> None:
        """Write checkpoint.pt, from which `restore` goes on exactly, whatever the layout then."""
        state = checkpoint.state_of(self)  # every process has a share in it
        self._check(state["loss_sum"])
        if self.place.is_first:
            checkpoint.save(self.out / "checkpoint.pt", state)
        self._write_metrics()

    def _write_metrics(self) -> None:
        if self.place.is_first:
            lines = "".join(json.dumps(line) + "\n" for line in self.metrics)
            checkpoint.write_text(self.out / "metrics.jsonl", lines)

    def _keep_best(self) -> None:
        """best.pt is the checkpoint after the epoch with the least one-crop error; a second name of it where disks have them."""
        if self.place.is_first and self.errors[-1] == min(self.errors):
            best = self.out / "best.partial"
            best.unlink(missing_ok=True)
            try:
                os.link(self.out / "checkpoint.pt", best)
            except OSError:
                shutil.copyfile(self.out / "checkpoint.pt", best)
            best.replace(self.out / "best.pt")

    def restore(self) -> None:
        """Go on from checkpoint.pt."""
        checkpoint.restore(self, self.out / "checkpoint.pt")
        if self.metrics and self.step == 0:  # killed, it may have missed what follows a checkpoint
            self._write_metrics()
            self.snapshot()
            self._keep_best()

    def start_from(self, path: Path) -> list[str]:
        """Take the weights of a checkpoint or a model.onnx wherever names and shapes agree; returns the others' names."""
        weights = checkpoint.read_weights(path)
        own = AlexNet(self.recipe.net).state_dict()
        fitting = {name: w for name, w in weights.items() if name in own and w.shape == own[name].shape}
        self.set_weights(fitting)
        return [name for name in own if name not in fitting]

    @torch.no_grad()
    def set_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take the whole net's weights, or this process's part of them, wherever there are some."""
        for name, w in self.net.named_parameters():
            if name in weights:
                w.copy_(towers.part(name, weights[name], self.place))

    def _stop_if_asked(self) -> None:
        if self._agreed(self.stop):
            self.save()
            raise Interrupted

    def _agreed(self, flag: bool) -> bool:
        """Whether a flag is up in any process; several look only now and then, since it takes a message."""
        short = self.device.type == "cuda"  # steps; on CPUs the message costs nothing beside one
        return not (self.place.mesh and short and self.step % AGREE_STEPS) and self.place.any(flag)

    def _check(self, loss_sum: float) -> None:
        if not np.isfinite(loss_sum):
            raise ValueError(
                f"The loss is {loss_sum} in epoch {self.epoch + 1}, by step {self.step}; lower the rate "
                f"and start anew in another --out."
            )

    def _look(self, images_per_second: float) -> None:
        """Report progress, and stop where the loss is not a number."""
        loss_sum = self.loss_sum.item()
        self._check(loss_sum)
        if not self.place.is_first:
            return
        size, total = self.recipe.batch_size, self.recipe.epochs * self.num_steps
        loss = loss_sum * self.place.num_pairs / min(self.step * size, len(self.train.labels))
        minutes_left = (total - self.epoch * self.num_steps - self.step) * size / images_per_second / 60
        print(
            f"epoch {self.epoch + 1} of {self.recipe.epochs}, step {self.step} of {self.num_steps}, loss {loss:.3f}, "
            f"{images_per_second:.0f} pictures/s, {minutes_left:.0f} minutes left ",
            end="\r", file=sys.stderr, flush=True,
        )  # fmt: skip
