"""torchvision's `alexnet` at half its width in the pipeline of half20, for as many minutes or more: ours must not be worse.

It is faster, and so has 24 epochs instead of 18. conv1 begins with numbers as large as the other layers', since no response normalisation
makes up for small ones.

Command:  python -m training.run half20_torchvision --data ../shared/data/imagenet-20 --out runs/half20_torchvision
Not yet run.
"""

from dataclasses import replace

from training.recipes.half20 import RECIPE as OURS
from training.recipes.short20_torchvision import NET

RECIPE = replace(OURS, name="half20_torchvision", net=NET, epochs=24, conv1_std=None)
