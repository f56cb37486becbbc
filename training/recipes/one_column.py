"""One column of half the kernels (section 3.2: what the two-GPU scheme is compared with).

One GPU's half of conv1..4; conv5 keeps its 256 kernels, so that the fully connected layers stay as large (footnote 2).

Command:  python -m training.run one_column --data /path/to/imagenet --out runs/one_column
          python -m training.run one_column_mini --data ../shared/data/imagenet-20 --out runs/one_column_mini
Expected: 1.7 points more top-1 and 1.2 more top-5 error than the two-GPU net (section 3.2).
Not yet run.
"""

from dataclasses import replace

from model.layers import ONE_COLUMN
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="one_column", net=ONE_COLUMN)
