"""No dropout (section 4.2).

Nothing is halved at test time either.

Command:  python -m training.run no_dropout --data /path/to/imagenet --out runs/no_dropout
          python -m training.run no_dropout_mini --data ../shared/data/imagenet-20 --out runs/no_dropout_mini
Expected: substantial overfitting, in about half as many iterations (section 4.2).
Not yet run.
"""

from dataclasses import replace

from model.layers import NO_DROPOUT
from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="no_dropout", net=NO_DROPOUT)
