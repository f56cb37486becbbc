"""full20_torchvision_eleven gone on with as full20_ten_more does, for as many minutes: eleven more epochs.

Not yet run.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision_eleven_more --data ../shared/data/imagenet-20 --out runs/full20_torchvision_eleven_more --from runs/full20_torchvision_eleven/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_torchvision_eleven import RECIPE as FIRST

RECIPE = replace(FIRST, name="full20_torchvision_eleven_more", seed=1)
