"""One half of a full-size net: imagenet20_mini from other random numbers, against whose noise in conv1 it begins at std .003.

Two such halves side by side (`training.join`) are the paper's net at full size; joined20 then trains it as one. Departures from the
paper are those of imagenet20, but for imagenet20_mini's cosine; crops of 128 to 224 pixels are resized to 128, so that objects are seen at .57 to 1 times the size that
they have at test time, in a quarter of the time.

Run once, at commit 2c7b1e6, on 2 cores of an AMD EPYC (Zen 3) in .8 hours beside other work: 44.8 / 10.3 % top-1 / top-5 error with
one crop of 224 pixels on 1,000 validation pictures. Its kernels are free of noise, imagenet20_mini's are not.

Command:  python -m training.run half20 --data ../shared/data/imagenet-20 --out runs/half20
"""

from dataclasses import replace

from training.recipe import Recipe
from training.recipes.imagenet20_mini import RECIPE as FIRST

RECIPE: Recipe = replace(
    FIRST, name="half20", seed=2, epochs=18, weight_decay=1e-3, conv1_std=0.003, label_smoothing=0.1,
    crop_px=(128, 224), input_px=((0, 128),),
)  # fmt: skip
