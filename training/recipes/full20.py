"""The paper's net at full size for twelve epochs of crops resized to 128 pixels, to be compared with torchvision's: full20_torchvision.

Departures from the paper are those of half20, but for the width, and for first weights, which are imagenet20's.

Command:  python -m training.run full20 --data ../shared/data/imagenet-20 --out runs/full20
Not yet run.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.half20 import RECIPE as HALF
from training.recipes.imagenet20 import RECIPE as FULL

RECIPE: Recipe = replace(HALF, name="full20", net=FULL.net, epochs=12, std=FULL.std, middle_std=FULL.middle_std)
