"""full20_torchvision gone on with as full20_more does, until its two hours are over.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision_more --data ../shared/data/imagenet-20 --out runs/full20_torchvision_more --from runs/full20_torchvision/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_more import RECIPE as OURS
from training.recipes.full20_torchvision import RECIPE as FIRST

RECIPE = replace(OURS, name="full20_torchvision_more", net=FIRST.net)
