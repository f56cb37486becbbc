"""A sixth convolution, trained on all of ImageNet Fall 2011: 15 million pictures of 22 thousand classes.

The first half of section 6.1's pre-trained networks; conv6 fine-tunes it.

Command:  python -m training.run conv6_22k --data /path/to/imagenet --out runs/conv6_22k
Expected: nothing published for this stage alone (Fall 2009, 10,184 classes: 67.4 / 40.9 %, section 6.1).
Not yet run.
"""

from dataclasses import replace

from model.layers import Config
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="conv6_22k", net=Config(conv6=True, num_classes=21_841))
