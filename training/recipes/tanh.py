"""Hyperbolic tangents where the paper has rectified linear units (section 3.1).

Figure 1 compares the two on a four-layer net and CIFAR-10; this is the whole net with tanh.

Command:  python -m training.run tanh --data /path/to/imagenet --out runs/tanh
          python -m training.run tanh_mini --data ../shared/data/imagenet-20 --out runs/tanh_mini
Expected: several times as many iterations to the same training error (section 3.1, figure 1).
Not yet run.
"""

from dataclasses import replace

from model.layers import TANH
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="tanh", net=TANH)
