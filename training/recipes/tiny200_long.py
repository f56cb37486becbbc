"""tiny200 for a GPU, where hours are not what is short: forty epochs of crops at 224 pixels, the size of test time.

What ships had thirteen epochs, most of them at 112 and 160 pixels, and was still underfitted (docs/log.md); this is how one would train it instead.

Command:  python -m training.run tiny200_long --data ../shared/data/tiny-imagenet-200 --out runs/tiny200_long --from assets/models/imagenet20/model.onnx
Not yet run.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.tiny200 import RECIPE as SHORT
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    SHORT, name="tiny200_long", epochs=40, schedule=Trapezoid(decay_epochs=20), input_px=(),
)  # fmt: skip
