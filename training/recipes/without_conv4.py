"""Without conv4 (section 7: what depth is worth).

The next layer reads what conv4 would have read.

Command:  python -m training.run without_conv4 --data /path/to/imagenet --out runs/without_conv4
          python -m training.run without_conv4_mini --data ../shared/data/imagenet-20 --out runs/without_conv4_mini
Expected: about 2 points more top-1 error (section 7, for any of the middle layers).
Not yet run.
"""

from dataclasses import replace

from model.layers import WITHOUT_CONV4
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="without_conv4", net=WITHOUT_CONV4)
