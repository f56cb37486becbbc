"""torchvision's `alexnet` at full size in the pipeline of full20, for as many minutes: ours must not be worse.

It is faster, and so has more epochs. conv1 begins with numbers as large as the other layers', since no response normalisation makes up for
small ones.

Command:  python -m training.run full20_torchvision --data ../shared/data/imagenet-20 --out runs/full20_torchvision
Not yet run.
"""

from dataclasses import replace

from model.layers import TORCHVISION
from training.recipes.full20 import RECIPE as OURS

RECIPE = replace(
    OURS, name="full20_torchvision", net=replace(TORCHVISION, num_classes=20), epochs=20, conv1_std=None
)  # fmt: skip
