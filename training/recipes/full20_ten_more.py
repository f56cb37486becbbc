"""full20_ten gone on with for as long again, nearly two hours of two cores in all: the paper's net, to be compared with torchvision's.

Departures from the paper are those of full20_ten, whose rate and pictures it goes through once more, for ten epochs from its last weights, with other crops (another seed).

Run once, at commit 94ea2a1, on 1 core of an AMD EPYC (Zen 3) in 155 minutes by the clock, beside tests, 109 of the core: 38.4 / 8.5 %
top-1 / top-5 error with one crop, n = 7,854.

Command:  OMP_NUM_THREADS=1 taskset -c 0 python -m training.run full20_ten_more --data ../shared/data/imagenet-20 --out runs/full20_ten_more --from runs/full20_ten/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_ten import RECIPE as FIRST

RECIPE = replace(FIRST, name="full20_ten_more", seed=1)
