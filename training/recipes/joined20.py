"""The paper's net at full size, begun as two half-width nets side by side instead of from random numbers: one gentle epoch as one.

The paper's augmentation; batches, biases and noise as imagenet20_mini, from whose rate it begins at a fifth. At imagenet20's
crops and a rate of .004 the first epoch unlearned more than it taught (31.8 to 39.0 % top-1 error on 1,000 pictures).

Start:    python -m training.join assets/models/imagenet20-mini/model.onnx runs/half20/model.onnx joined20 runs/joined20_start
Command:  python -m training.run joined20 --data ../shared/data/imagenet-20 --out runs/joined20 --from runs/joined20_start/model.onnx
Under way; not yet run to its end.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as LONG
from training.recipes.imagenet20_mini import RECIPE as FIRST
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    FIRST, name="joined20", net=LONG.net, schedule=Trapezoid(warmup_epochs=0.1, decay_epochs=0.9), epochs=1, lr=0.002,
    bias_lr=0.004, conv1_std=0.003, std=0.01, middle_std=0.03,
)  # fmt: skip
