"""imagenet20's net and training, begun as two half-width nets side by side instead of from random numbers, and half as long.

Departures from the paper are those of imagenet20.

Start:    python -m training.join runs/half20/model.onnx runs/half20_seed3/model.onnx joined20 runs/joined20_start
Command:  python -m training.run joined20 --data ../shared/data/imagenet-20 --out runs/imagenet20 --from runs/joined20_start/model.onnx
Not yet run. docs/log.md tells of two short ones.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as LONG
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    LONG, name="joined20", schedule=Trapezoid(warmup_epochs=0.5, decay_epochs=15), epochs=30,
    input_px=((0, 128), (12, 160), (22, 224)),
)  # fmt: skip
