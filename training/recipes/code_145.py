"""The network and the training of the authors' 2012 code, as its `layers-145.cfg` and its log have them.

It is the paper's net but for: conv1, normalisation, pooling, ReLU in that order; a second, spatial normalisation in layer
2; alpha divided by n; conv3..5 start at std .03; biases learn at .02; 32 pictures share one of 33 x 33 places and one
mirror; colour noise by the standard deviation, then contrast / 1.1; drops logged at epochs 25, 51, 79; from epoch 67 conv1
learns at 1e-5 and there is no colour noise; from 72 conv1 is frozen.

Command:  python -m training.run code_145 --data /path/to/imagenet --out runs/code_145
Expected: 40.66 % top-1, 18.21 % top-5 error on ILSVRC-2012's validation set with ten crops (the authors' log).
Not yet run.
"""

from model.layers import CODE_2012
from training.recipe import Recipe
from training.schedule import Drops

RECIPE = Recipe(
    name="code_145", net=CODE_2012, schedule=Drops(at=(25, 51, 79)), epochs=91, bias_lr=0.02, middle_std=0.03,
    conv1_lrs=((67, 1e-5), (72, 0.0)), all_offsets=True, images_a_draw=32, colour_noise="stdev",
    colour_noise_epochs=67, input_divisor=1.1,
)  # fmt: skip
