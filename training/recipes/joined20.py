"""imagenet20's net, begun as two half-width nets side by side instead of from random numbers, and a quarter as long.

Departures from the paper are those of imagenet20. The start is imagenet20_mini's net and half20's, both without the random numbers
that their conv1 began as (`training.join`).

Start:    python -m training.join assets/models/imagenet20-mini/model.onnx runs/half20/model.onnx joined20 runs/joined20_start --learned-kernels
Command:  python -m training.run joined20 --data ../shared/data/imagenet-20 --out runs/imagenet20 --from runs/joined20_start/model.onnx
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as LONG
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    LONG, name="joined20", schedule=Trapezoid(warmup_epochs=0.5, decay_epochs=9), epochs=14,
    input_px=((0, 128), (8, 160), (13, 224)),
)  # fmt: skip
