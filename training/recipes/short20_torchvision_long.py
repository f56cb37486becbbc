"""short20_torchvision for as many minutes as short20 takes, which is slower for its response normalisation and its larger maps.

Command:  python -m training.run short20_torchvision_long --data ../shared/data/imagenet-20 --out runs/short20_torchvision_long
Not yet run.
"""

from dataclasses import replace

from training.recipes.short20_torchvision import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_torchvision_long", epochs=14)
