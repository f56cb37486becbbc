"""The paper's net at full size on Tiny ImageNet's 200 classes, begun with imagenet20's weights, all but fc8's.

Its pictures have 64 pixels a side; `preprocess` scales them up to 256, and a model remembers the 64, so that the explorer softens
sharper ones (`ModelInfo.detail_px`). Five times the pictures want half the epochs and no stronger weight decay than the paper's;
other departures are those of imagenet20.

Command:  python -m training.run tiny200 --data ../shared/data/tiny-imagenet-200 --out runs/tiny200 --from runs/imagenet20/model.onnx
Not yet run.
"""

from dataclasses import replace

from model.layers import Config
from training.recipe import Recipe
from training.recipes.imagenet20 import RECIPE as SMALL
from training.schedule import Trapezoid

RECIPE: Recipe = replace(
    SMALL, name="tiny200", net=Config(num_classes=200), schedule=Trapezoid(warmup_epochs=0.5, decay_epochs=10), epochs=30,
    batch_size=128, weight_decay=5e-4, input_px=((0, 128), (15, 176), (23, 224)),
)  # fmt: skip
