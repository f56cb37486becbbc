"""short20 in one tower of all the kernels: the control for what two towers do to the kernels (section 6.1).

Command:  python -m training.run short20_one_tower --data ../shared/data/imagenet-20 --out runs/short20_one_tower
Run once at commit 5d62ce2, on 2 cores of an Intel Xeon with AMX, in 4.1 minutes: 62.5 / 20.3 % top-1 / top-5 error
with one crop, n = 7,854.
"""

from dataclasses import replace

from training.recipes.short20 import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_one_tower", net=replace(SHORT.net, towers=1))
