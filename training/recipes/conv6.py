"""The net with a sixth convolution, fine-tuned on ILSVRC-2012 (section 6.1: 1 CNN*).

Give --from runs/conv6_22k/checkpoint.pt: every layer but fc8 starts as it was there. Without --from it learns from nothing.

Command:  python -m training.run conv6 --data /path/to/imagenet --out runs/conv6
          python -m training.run conv6_mini --data ../shared/data/imagenet-20 --out runs/conv6_mini
Expected: 39.0 % top-1, 16.6 % top-5 error on the validation set (table 2).
Not yet run.
"""

from dataclasses import replace

from model.layers import CONV6
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="conv6", net=CONV6)
