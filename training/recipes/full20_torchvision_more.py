"""full20_torchvision gone on with as full20_more does, until its two hours are over.

Run once, at commit 5e56410, on 1 core of an Intel Xeon with AMX in 13 minutes (119 with full20_torchvision's): 27.5 / 6.0 % top-1 / top-5 error
with one crop, n = 7,854. In top-1 it is 1.4 points better than full20_more in the same time, in top-5 .4 worse.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision_more --data ../shared/data/imagenet-20 --out runs/full20_torchvision_more --from runs/full20_torchvision/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_more import RECIPE as OURS
from training.recipes.full20_torchvision import RECIPE as FIRST

RECIPE = replace(OURS, name="full20_torchvision_more", net=FIRST.net)
