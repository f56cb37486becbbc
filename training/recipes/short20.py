"""The paper's net at full size on twenty ImageNet classes, for comparisons: eight epochs instead of imagenet20's sixty.

The controls are this recipe but for one switch: short20_no_cross_talk, short20_one_tower, short20_torchvision, and
short20_seed1, the same from other random numbers. Departures from the paper are those of imagenet20.

Command:  python -m training.run short20 --data ../shared/data/imagenet-20 --out runs/short20
          python -m training.compare runs/short20*
          python -m training.selectivity runs/short20*
Not yet run.
"""

from dataclasses import replace

from training.recipes.imagenet20 import RECIPE as LONG
from training.schedule import Trapezoid

RECIPE = replace(
    LONG, name="short20", schedule=Trapezoid(warmup_epochs=0.5, decay_epochs=4), epochs=8,
    input_px=((0, 128), (5, 176), (7, 224)),
)  # fmt: skip
