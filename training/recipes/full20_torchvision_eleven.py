"""torchvision's `alexnet` for as many minutes as the paper's net has in full20_ten: eleven epochs, the last one at 160 pixels.

Pictures, crops, colours, rate and schedule are full20_ten's; its convolutions begin as full20_torchvision's do.

Run once, at commit 245e239, on 1 core of an AMD EPYC (Zen 3) in 132 minutes (some of which it was stopped for): 50.7 / 15.0 % top-1 /
top-5 error with one crop, n = 7,854. In top-1 it is 4.5 points worse than full20_ten, in top-5 3.2.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision_eleven --data ../shared/data/imagenet-20 --out runs/full20_torchvision_eleven
"""

from dataclasses import replace

from training.recipes.full20_torchvision import RECIPE as FULL

RECIPE = replace(FULL, name="full20_torchvision_eleven", epochs=11, input_px=((0, 128), (10, 160)))
