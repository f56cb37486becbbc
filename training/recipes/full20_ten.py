"""full20 for slower cores, where two hours are ten epochs: the paper's net, to be compared with torchvision's (full20_torchvision_eleven).

Both run at once, each on one core of two. Departures from the paper are those of full20; nine epochs see crops of 128 to 224 pixels resized
to 128, the last one to 160, while the rate falls to zero along half a cosine.

Run once, at commit 245e239, on 1 core of an AMD EPYC (Zen 3) in 128 minutes (some of which it was stopped for): 46.3 / 11.8 % top-1 /
top-5 error with one crop, n = 7,854.

Command:  OMP_NUM_THREADS=1 taskset -c 0 python -m training.run full20_ten --data ../shared/data/imagenet-20 --out runs/full20_ten
"""

from dataclasses import replace

from training.recipes.full20 import RECIPE as FULL

RECIPE = replace(FULL, name="full20_ten", epochs=10, input_px=((0, 128), (9, 160)))
