"""Two towers of half the width, fc 1024, on twenty ImageNet classes: a network that two CPU cores train in an hour or two.

Departures from the paper are those of imagenet20; initial weights are wider by sqrt(2), because every layer above
conv1 sums half as many inputs.

Command:  python -m training.run imagenet20_mini --data ../shared/data/imagenet-20 --out runs/imagenet20_mini
"""

from model.layers import Config
from training.recipe import Recipe
from training.schedule import Cosine

RECIPE = Recipe(
    name="imagenet20_mini", net=Config(num_classes=20, width=0.5, fc_units=1024), schedule=Cosine(), epochs=32,
    batch_size=64, bias_lr=0.02, std=0.014, middle_std=0.042, colour_noise="stdev",
)  # fmt: skip
