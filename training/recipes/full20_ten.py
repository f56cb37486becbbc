"""full20 for slower cores, where two hours are ten epochs: the paper's net, to be compared with torchvision's (full20_torchvision_eleven).

Both run at once, each on one core of two. Departures from the paper are those of full20; nine epochs see crops of 128 to 224 pixels resized
to 128, the last one to 160, while the rate falls to zero along half a cosine.

Not yet run.

Command:  OMP_NUM_THREADS=1 taskset -c 0 python -m training.run full20_ten --data ../shared/data/imagenet-20 --out runs/full20_ten
"""

from dataclasses import replace

from training.recipes.full20 import RECIPE as FULL

RECIPE = replace(FULL, name="full20_ten", epochs=10, input_px=((0, 128), (9, 160)))
