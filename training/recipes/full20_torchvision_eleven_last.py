"""full20_torchvision_eleven_more gone on with as full20_ten_last does, for as many minutes.

Not yet run to its end.

Command:  OMP_NUM_THREADS=1 taskset -c 1 python -m training.run full20_torchvision_eleven_last --data ../shared/data/imagenet-20 --out runs/full20_torchvision_eleven_last --from runs/full20_torchvision_eleven_more/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_ten_last import RECIPE as OURS
from training.recipes.full20_torchvision import RECIPE as FIRST

RECIPE = replace(OURS, name="full20_torchvision_eleven_last", net=FIRST.net)
