"""One half of a full-size net: imagenet20_mini from other random numbers.

Side by side (`training.join`) the two are the paper's net at full size, every kernel of it trained; joined20 then trains it as one.
Departures from the paper are those of imagenet20; crops of 128 to 224 pixels are resized to 128, so that objects are seen at .57 to
1 times the size that they have at test time, in a quarter of the time.

Command:  python -m training.run half20 --data ../shared/data/imagenet-20 --out runs/half20
Under way; not yet run to its end.
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20_mini import RECIPE as FIRST

RECIPE: Recipe = replace(
    FIRST, name="half20", seed=2, epochs=18, weight_decay=1e-3, conv1_std=0.003, label_smoothing=0.1,
    crop_px=(128, 224), input_px=((0, 128),),
)  # fmt: skip
