"""imagenet20's net, begun as two half-width nets side by side instead of from random numbers.

Start: python -m training.join assets/models/imagenet20-mini/model.onnx runs/half20/model.onnx joined20 runs/joined20_start
Command:  python -m training.run joined20 --data ../shared/data/imagenet-20 --out runs/imagenet20 --from runs/joined20_start/model.onnx
Under way; not yet run to its end.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as LONG
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    LONG, name="joined20", schedule=Trapezoid(warmup_epochs=0.2, decay_epochs=3), epochs=6, input_px=((0, 160), (3, 224)),
)  # fmt: skip
