"""No local response normalisation (section 3.3).

conv1 and conv2 go straight into pooling.

Command:  python -m training.run no_lrn --data /path/to/imagenet --out runs/no_lrn
          python -m training.run no_lrn_mini --data ../shared/data/imagenet-20 --out runs/no_lrn_mini
Expected: 1.4 points more top-1 and 1.2 more top-5 error (section 3.3).
Not yet run.
"""

from dataclasses import replace

from model.layers import NO_LRN
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="no_lrn", net=NO_LRN)
