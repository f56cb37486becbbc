"""short20_torchvision with more on its side: over twice the epochs, and conv1 from numbers as large as the other layers'.

A net without response normalisation is faster, by 1.3 to 2.5 times as processors go, so fourteen epochs take it about as many minutes as
short20's six, or more. And nothing makes up for a first layer that begins small, as short20's does for the sake of its kernels.

Command:  python -m training.run short20_torchvision_long --data ../shared/data/imagenet-20 --out runs/short20_torchvision_long
Run once at commit 5d62ce2, on 2 cores of an Intel Xeon with AMX, in 6.4 minutes: 67.8 / 26.2 % top-1 / top-5 error
with one crop, n = 7,854.
"""

from dataclasses import replace

from training.recipes.short20_torchvision import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_torchvision_long", epochs=14, conv1_std=None)
