"""The paper's net at full size on twenty ImageNet classes, started from the half-width `imagenet20_mini`.

Two slow CPU cores have hours, not nights: half of the units start trained and the other half as in a new net
(`training.widen`). Departures from the paper are those of `imagenet20`, but the rate falls from the first epoch on, and crops are
of 160 pixels until the last epoch. (One epoch at rate .01 on crops of 128 pixels, which show everything at half its size, took
the start's 34.7 % to 56.)

Command:  python -m training.run imagenet20_wide --data ../shared/data/imagenet-20 --out runs/imagenet20_wide
              --from assets/models/imagenet20-mini/model.onnx --validate-on 1000
"""

from dataclasses import replace

from training.recipes.imagenet20 import RECIPE as SCRATCH
from training.schedule import Trapezoid

RECIPE = replace(
    SCRATCH, name="imagenet20_wide", schedule=Trapezoid(warmup_epochs=0.25, decay_epochs=5.5), epochs=6,
    lr=0.008, bias_lr=0.016, input_px=((0, 160), (5, 224)),
)  # fmt: skip
