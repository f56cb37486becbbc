"""short20 from other random numbers: the paper says that the GPUs divide the work "in every run".

Command:  python -m training.run short20_seed1 --data ../shared/data/imagenet-20 --out runs/short20_seed1
Run once at commit 5d62ce2, on 2 cores of an Intel Xeon with AMX, in 3.2 minutes: 61.3 / 19.8 % top-1 / top-5 error
with one crop, n = 7,854.
"""

from dataclasses import replace

from training.recipes.short20 import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_seed1", seed=1)
