"""A run that is killed again and again, at random moments, until it ends: `python tests/training/killed.py DATA OUT CACHE KILLS`.

Each life is a fork of this process, which has torch loaded already, so that most of a life is training. A life ends by an
alarm that nobody handles, which kills as SIGKILL does, without a line of Python. What sets it is how far the run has come,
and when it goes off is measured in steps, so that a fast processor's run is killed as often as a slow one's.
"""

import dataclasses
import os
import random
import signal
import sys
import time

import training.recipe
import training.run
import training.trainer
from tests.toys import TOY
from training.recipe import Recipe
from training.schedule import Cosine
from training.trainer import Run

RECIPE = Recipe(name="toy", net=dataclasses.replace(TOY, num_classes=2), schedule=Cosine(), epochs=40, batch_size=4)
LAST_STEP = 76  # of 80: a kill that is set there still comes before the end
STARTUP_SECONDS = 0.3  # of a life: reading its checkpoint and its pictures


def live(data: str, out: str, cache: str) -> int:
    """Train from the last checkpoint, if there is one, and save after every step."""
    training.recipe.load = lambda name: RECIPE
    training.trainer.CHECKPOINT_SECONDS = 0
    argv = ["toy", "--data", data, "--out", out, "--cache", cache, "--device", "cpu"]
    return training.run.main([*argv, "--resume"] if os.path.exists(f"{out}/checkpoint.pt") else argv)


def doom(at_step: int, steps_later: float) -> None:
    """Have this process killed a part of a step, with its saving or validating, after it has come so far."""
    learn, before = Run.learn, 0.0

    def counted(self: Run, squares: object, labels: object) -> None:
        nonlocal before, at_step
        before = before or time.monotonic()  # a life's first step has no saving before it
        learn(self, squares, labels)  # type: ignore[arg-type]
        now = time.monotonic()
        if self.epoch * self.num_steps + self.step >= at_step:
            signal.setitimer(signal.ITIMER_REAL, max(steps_later * (now - before), 1e-6))
            at_step = sys.maxsize
        before = now

    Run.learn = counted  # type: ignore[method-assign]


def main(data: str, out: str, cache: str, kills: str) -> None:
    chance, count = random.Random(0), int(kills)
    for number in range(count):
        step = int((number + chance.random() / 2) * LAST_STEP / count)  # none overtakes the next, nor the end
        later, soon = chance.uniform(0, 1.5), chance.uniform(0.001, STARTUP_SECONDS)
        child = os.fork()
        if child == 0:
            doom(step, later)
            if number % 5 == 0:  # while it reads, or soon after
                signal.setitimer(signal.ITIMER_REAL, soon)
            os._exit(live(data, out, cache))
        if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            sys.exit(f"the run ended before its kill at step {step}")
    code = live(data, out, cache)
    print(f"killed {kills} times")
    sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
