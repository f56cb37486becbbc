"""A minute on a CPU: an eighth of the width, to see the whole path work. What it learns is worth nothing.

Command:  python -m training.run smoke --data PATH --out runs/smoke --limit 512
"""

from model.layers import Config
from training.recipe import Recipe
from training.schedule import Cosine

RECIPE = Recipe(
    name="smoke", net=Config(num_classes=20, width=0.125, fc_units=128), schedule=Cosine(), epochs=2,
    batch_size=32, bias_lr=0.02, std=0.03, middle_std=0.08, colour_noise="stdev",
)  # fmt: skip
