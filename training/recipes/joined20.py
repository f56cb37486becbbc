"""The paper's net at full size on twenty ImageNet classes: two nets of half the width, side by side, and then trained as one.

Departures from the paper are those of imagenet20; crops of 112 to 208 pixels are resized to 160, so that objects are seen at .77 to
1.43 times the size that they have at test time, in half the time. The start is imagenet20_mini's net and half20_more's, without
the random numbers that their conv1 began as (`training.join`); the rate is low and falls from the start on, so that little is lost.

Start:    python -m training.join assets/models/imagenet20-mini/model.onnx runs/half20_more/model.onnx joined20 runs/joined20_start --learned-kernels
Command:  python -m training.run joined20 --data ../shared/data/imagenet-20 --out runs/imagenet20 --from runs/joined20_start/model.onnx
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as LONG
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    LONG, name="joined20", schedule=Trapezoid(warmup_epochs=0.1, decay_epochs=2), epochs=2, lr=0.003, bias_lr=0.006,
    crop_px=(112, 208), input_px=((0, 160),),
)  # fmt: skip
