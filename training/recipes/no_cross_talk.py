"""No connection between the GPUs at conv3 (the authors' config 150, unpublished): towers meet in fc6 first.

The control for section 3.2's pattern of connectivity.

Command:  python -m training.run no_cross_talk --data /path/to/imagenet --out runs/no_cross_talk
          python -m training.run no_cross_talk_mini --data ../shared/data/imagenet-20 --out runs/no_cross_talk_mini
Expected: 41.83 % top-1, 19.33 % top-5 error (the authors' log of config 150; that of config 145, the paper's net: 40.66 / 18.21 %).
Not yet run.
"""

from dataclasses import replace

from model.layers import NO_CROSS_TALK
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="no_cross_talk", net=NO_CROSS_TALK)
