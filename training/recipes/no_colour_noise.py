"""No PCA colour noise (section 4.1, the second form of augmentation).

Crops and mirror images stay.

Command:  python -m training.run no_colour_noise --data /path/to/imagenet --out runs/no_colour_noise
          python -m training.run no_colour_noise_mini --data ../shared/data/imagenet-20 --out runs/no_colour_noise_mini
Expected: over one point more top-1 error (section 4.1).
Not yet run.
"""

from dataclasses import replace

from training.recipes import paper_2012

RECIPE = replace(paper_2012.RECIPE, name="no_colour_noise", colour_noise="none")
