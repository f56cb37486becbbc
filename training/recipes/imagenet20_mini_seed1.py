"""imagenet20_mini from other random numbers, and shorter: do the two GPUs divide the work as in the first run?

Its kernels' history is the second one of the lesson on Figure 3.

Command:  python -m training.run imagenet20_mini_seed1 --data ../shared/data/imagenet-20 --out runs/imagenet20_mini_seed1
"""

from dataclasses import replace

from training.recipes.imagenet20_mini import RECIPE as FIRST

RECIPE = replace(FIRST, name="imagenet20_mini_seed1", seed=1, epochs=12)
