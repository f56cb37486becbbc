"""Without conv3 (section 7: what depth is worth).

The next layer reads what conv3 would have read.

Command:  python -m training.run without_conv3 --data /path/to/imagenet --out runs/without_conv3
          python -m training.run without_conv3_mini --data ../shared/data/imagenet-20 --out runs/without_conv3_mini
Expected: about 2 points more top-1 error (section 7, for any of the middle layers).
Not yet run.
"""

from dataclasses import replace

from model.layers import WITHOUT_CONV3
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="without_conv3", net=WITHOUT_CONV3)
