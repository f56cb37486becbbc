"""One tower of all the kernels: every convolution reads everything, as on a GPU that holds the whole net.

The control for what two towers do to the kernels (section 6.1).

Command:  python -m training.run one_tower --data /path/to/imagenet --out runs/one_tower
          python -m training.run one_tower_mini --data ../shared/data/imagenet-20 --out runs/one_tower_mini
The paper has no figure for it.
Not yet run.
"""

from dataclasses import replace

from model.layers import ONE_TOWER
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="one_tower", net=ONE_TOWER)
