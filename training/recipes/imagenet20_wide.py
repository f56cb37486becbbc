"""The paper's net at full size on twenty ImageNet classes, started from the half-width `imagenet20_mini`.

Two slow CPU cores have hours, not nights: half of the units start trained and the other half as in a new net
(`training.widen`). Departures from the paper are those of `imagenet20`; crops of 128 pixels for six epochs, of 176 for one, of
224 for two, while the rate falls over the last four.

Command:  python -m training.run imagenet20_wide --data ../shared/data/imagenet-20 --out runs/imagenet20_wide
              --from assets/models/imagenet20-mini/model.onnx --validate-on 1000
"""

from dataclasses import replace

from training.recipes.imagenet20 import RECIPE as SCRATCH
from training.schedule import Trapezoid

RECIPE = replace(
    SCRATCH, name="imagenet20_wide", schedule=Trapezoid(warmup_epochs=0.5, decay_epochs=4), epochs=9,
    input_px=((0, 128), (6, 176), (7, 224)),
)  # fmt: skip
