"""short20_torchvision with more on its side: over twice the epochs, and conv1 from numbers as large as the other layers'.

A net without response normalisation is faster, by 1.3 to 2.5 times as processors go, so fourteen epochs take it as many minutes as short20's
six, or more. And nothing makes up for a first layer that begins small, as short20's does for the sake of its kernels.

Command:  python -m training.run short20_torchvision_long --data ../shared/data/imagenet-20 --out runs/short20_torchvision_long
Not yet run.
"""

from dataclasses import replace

from training.recipes.short20_torchvision import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_torchvision_long", epochs=14, conv1_std=None)
