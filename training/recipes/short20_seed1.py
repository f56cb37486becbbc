"""short20 from other random numbers: the paper says that the GPUs divide the work "in every run".

Command:  python -m training.run short20_seed1 --data ../shared/data/imagenet-20 --out runs/short20_seed1
Not yet run.
"""

from dataclasses import replace

from training.recipes.short20 import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_seed1", seed=1)
