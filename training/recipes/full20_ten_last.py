"""full20_ten_more gone on with at nearly the size that a network is tested at: three hours of two cores in all, to be compared with torchvision's.

Departures from the paper are those of full20_more, for three epochs from the last weights of full20_ten_more.

Not yet run to its end.

Command:  OMP_NUM_THREADS=1 taskset -c 0 python -m training.run full20_ten_last --data ../shared/data/imagenet-20 --out runs/full20_ten_last --from runs/full20_ten_more/model.onnx
"""

from dataclasses import replace

from training.recipes.full20_more import RECIPE as MORE
from training.schedule import Trapezoid

RECIPE = replace(MORE, name="full20_ten_last", schedule=Trapezoid(warmup_epochs=0.25, decay_epochs=3), epochs=3)
