"""full20_ten gone on with for as long again, to two hours of two cores in all: the paper's net, to be compared with torchvision's.

Departures from the paper are those of full20_ten, whose rate and pictures it goes through once more, for ten epochs from its last weights, with other crops (another seed).

Not yet run.

Command:  OMP_NUM_THREADS=1 taskset -c 0 python -m training.run full20_ten_more --data ../shared/data/imagenet-20 --out runs/full20_ten_more --from runs/full20_ten/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_ten import RECIPE as FIRST

RECIPE = replace(FIRST, name="full20_ten_more", seed=1)
