"""Without conv5 (section 7: what depth is worth).

The next layer reads what conv5 would have read.

Command:  python -m training.run without_conv5 --data /path/to/imagenet --out runs/without_conv5
          python -m training.run without_conv5_mini --data ../shared/data/imagenet-20 --out runs/without_conv5_mini
Expected: about 2 points more top-1 error (section 7, for any of the middle layers).
Not yet run.
"""

from dataclasses import replace

from model.layers import WITHOUT_CONV5
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="without_conv5", net=WITHOUT_CONV5)
