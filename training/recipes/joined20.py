"""imagenet20's net, begun as two half-width nets side by side instead of from random numbers, and trained as one for four epochs.

Departures from the paper are those of imagenet20, but for the rate, which need not move what is already learned far; the
first two epochs see crops of 160 pixels.

Start:    python -m training.join assets/models/imagenet20-mini/model.onnx runs/half20/model.onnx joined20 runs/joined20_start
Command:  python -m training.run joined20 --data ../shared/data/imagenet-20 --out runs/joined20 --from runs/joined20_start/model.onnx
Under way; not yet run to its end.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as LONG
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    LONG, name="joined20", schedule=Trapezoid(warmup_epochs=0.2, decay_epochs=3.5), epochs=4, lr=0.004, bias_lr=0.008,
    input_px=((0, 160), (2, 224)),
)  # fmt: skip
