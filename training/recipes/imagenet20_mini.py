"""Two towers of half the width, fc 1024, on twenty ImageNet classes: a network that two CPU cores train in an hour or two.

Departures from the paper: batches of 64; conv3..5 start wider, biases learn twice as fast and colour noise uses the standard deviation,
as in imagenet20; the rate falls along half a cosine. Initial weights are wider by sqrt(2), because every layer above conv1 sums half
as many inputs.

Run once, at commit 3974b26, on 2 cores of an AMD EPYC in 1.4 hours: 34.73 / 8.12 % top-1 / top-5 error with one crop, 32.06 /
7.13 % with ten, n = 7,854.

Command:  python -m training.run imagenet20_mini --data ../shared/data/imagenet-20 --out runs/imagenet20_mini
"""

from model.layers import Config
from training.recipe import Recipe
from training.schedule import Cosine

RECIPE = Recipe(
    name="imagenet20_mini", net=Config(num_classes=20, width=0.5, fc_units=1024), schedule=Cosine(), epochs=32,
    batch_size=64, bias_lr=0.02, std=0.014, middle_std=0.042, colour_noise="stdev",
)  # fmt: skip
