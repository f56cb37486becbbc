"""full20_torchvision_eleven gone on with as full20_ten_more does, for as many minutes: eleven more epochs.

Run once, at commit 94ea2a1, on 1 core of an AMD EPYC (Zen 3) in 161 minutes by the clock, beside tests, 112 of the core: 43.6 / 11.3 %
top-1 / top-5 error with one crop, n = 7,854. In top-1 it is 5.2 points worse than full20_ten_more, in top-5 2.8.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision_eleven_more --data ../shared/data/imagenet-20 --out runs/full20_torchvision_eleven_more --from runs/full20_torchvision_eleven/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_torchvision_eleven import RECIPE as FIRST

RECIPE = replace(FIRST, name="full20_torchvision_eleven_more", seed=1)
