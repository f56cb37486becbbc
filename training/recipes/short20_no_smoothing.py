"""short20 with the class itself as its target, without a tenth of it spread over all classes: what label smoothing does by itself.

Command:  python -m training.run short20_no_smoothing --data ../shared/data/imagenet-20 --out runs/short20_no_smoothing
Not yet run.
"""

from dataclasses import replace

from training.recipes.short20 import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_no_smoothing", label_smoothing=0.0)
