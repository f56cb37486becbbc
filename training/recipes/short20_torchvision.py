"""torchvision's `alexnet` (one tower, no response normalisation, 64-192-384-256-256 kernels) at half its width in the pipeline of short20.

Pictures, crops, colours, rate, schedule and initial weights are short20's, so that the nets alone differ: ours must not be worse.

Command:  python -m training.run short20_torchvision --data ../shared/data/imagenet-20 --out runs/short20_torchvision
Run once at commit 6b10db9, on 2 cores of an Intel Xeon with AMX, in 2.3 minutes: 75.9 / 33.4 % top-1 / top-5 error
with one crop, n = 7,854.
"""

from dataclasses import replace

from model.layers import TORCHVISION
from training.recipes.short20 import RECIPE as SHORT

NET = replace(TORCHVISION, num_classes=20, width=SHORT.net.width, fc_units=SHORT.net.fc_units)
RECIPE = replace(SHORT, name="short20_torchvision", net=NET)
