"""short20 without a connection between the GPUs at conv3: towers meet in fc6 first.

Do the GPUs still divide colour between them (section 6.1), where neither hears of the other's kernels?

Command:  python -m training.run short20_no_cross_talk --data ../shared/data/imagenet-20 --out runs/short20_no_cross_talk
Run once at commit 5d62ce2, on 2 cores of an Intel Xeon with AMX, in 3.1 minutes: 61.8 / 20.8 % top-1 / top-5 error
with one crop, n = 7,854.
"""

from dataclasses import replace

from training.recipes.short20 import RECIPE as SHORT

RECIPE = replace(SHORT, name="short20_no_cross_talk", net=replace(SHORT.net, conv3_reads_both=False))
