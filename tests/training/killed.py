"""A run that is killed again and again, at random moments, until it ends: `python tests/training/killed.py DATA OUT CACHE KILLS`.

Each life is a fork of this process, which has torch loaded already, so that most of a life is training.
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

RECIPE = Recipe(name="toy", net=dataclasses.replace(TOY, num_classes=2), schedule=Cosine(), epochs=40, batch_size=4)


def live(data: str, out: str, cache: str) -> int:
    """Train from the last checkpoint, if there is one, and save after every step."""
    training.recipe.load = lambda name: RECIPE
    training.trainer.CHECKPOINT_SECONDS = 0
    argv = ["toy", "--data", data, "--out", out, "--cache", cache, "--device", "cpu"]
    return training.run.main([*argv, "--resume"] if os.path.exists(f"{out}/checkpoint.pt") else argv)


def main(data: str, out: str, cache: str, kills: str) -> None:
    chance, killed = random.Random(0), 0
    while True:
        child = os.fork()
        if child == 0:
            os._exit(live(data, out, cache))
        if killed < int(kills):
            time.sleep(chance.uniform(0.1, 1.0))
            os.kill(child, signal.SIGKILL)
            killed += 1
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            print(f"killed {killed} times")
            sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
