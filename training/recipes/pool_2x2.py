"""Pooling that does not overlap: 2 x 2 windows, 2 apart (section 3.4).

Every map keeps its size: 27, 13 and 6 come out of 55, 27 and 13 either way.

Command:  python -m training.run pool_2x2 --data /path/to/imagenet --out runs/pool_2x2
          python -m training.run pool_2x2_mini --data ../shared/data/imagenet-20 --out runs/pool_2x2_mini
Expected: 0.4 points more top-1 and 0.3 more top-5 error (section 3.4).
Not yet run.
"""

from dataclasses import replace

from model.layers import NO_OVERLAP
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="pool_2x2", net=NO_OVERLAP)
