"""half20 from other random numbers: the half that joined20 puts beside it.

Command:  python -m training.run half20_seed3 --data ../shared/data/imagenet-20 --out runs/half20_seed3
Not yet run to its end.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.half20 import RECIPE as HALF

RECIPE: Recipe = replace(HALF, name="half20_seed3", seed=3)
