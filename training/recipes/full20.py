"""The paper's net at full size for the same two hours as torchvision's (full20_torchvision): half20 at twice its width.

Both ran at once, each on one core of two. Departures from the paper are those of half20; the layers' first weights are imagenet20's.

Command:  OMP_NUM_THREADS=1 taskset -c 0 python -m training.run full20 --data ../shared/data/imagenet-20 --out runs/full20
"""

from dataclasses import replace

from training.recipes.half20 import RECIPE as HALF
from training.recipes.imagenet20 import RECIPE as FULL

RECIPE = replace(HALF, name="full20", net=FULL.net, epochs=36, std=FULL.std, middle_std=FULL.middle_std)
