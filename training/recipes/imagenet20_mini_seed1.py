"""imagenet20_mini from other random numbers, and shorter: do the two GPUs divide the work as in the first run?

Its kernels' history is the second one of the lesson on Figure 3.

Run once, at commit d6c2a8c, on 2 cores of an AMD EPYC in 1.0 hours beside other work: 42.41 / 10.63 % top-1 / top-5 error with one
crop, n = 7,854. Mean colour selectivity .44 on GPU1, .47 on GPU2: no division can be told (-.13 to .19), where the first run has one.

Command:  python -m training.run imagenet20_mini_seed1 --data ../shared/data/imagenet-20 --out runs/imagenet20_mini_seed1
"""

from dataclasses import replace

from training.recipes.imagenet20_mini import RECIPE as FIRST

RECIPE = replace(FIRST, name="imagenet20_mini_seed1", seed=1, epochs=12)
