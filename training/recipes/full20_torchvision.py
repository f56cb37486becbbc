"""torchvision's `alexnet` (one tower, no response normalisation) at full size, to be compared with the paper's (full20).

It is faster, and so has more epochs. Pictures, crops, colours, rate and schedule are full20's. Convolutions begin as large as torchvision
makes them, since no response normalisation makes up for small numbers (uniform within 1 / sqrt(fan-in): std .03 in conv1, .010 to .014
above it).

Run once, at commit 4d18411, on 1 core of an Intel Xeon with AMX in 106 minutes: 31.4 / 7.6 % top-1 / top-5 error with one crop, n = 7,854.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision --data ../shared/data/imagenet-20 --out runs/full20_torchvision
"""

from dataclasses import replace

from model.layers import TORCHVISION
from training.recipes.full20 import RECIPE as OURS

NET = replace(TORCHVISION, num_classes=20)
RECIPE = replace(OURS, name="full20_torchvision", net=NET, epochs=46, conv1_std=0.03, middle_std=0.012)
