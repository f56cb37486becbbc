"""smoke for two hundred classes: a minute on a CPU, and what it learns is worth nothing.

Command:  python -m training.run smoke200 --data PATH --out runs/smoke200 --limit 512
"""

from dataclasses import replace

from training.recipes.smoke import RECIPE as SMOKE

RECIPE = replace(SMOKE, name="smoke200", net=replace(SMOKE.net, num_classes=200))
