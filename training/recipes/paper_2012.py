"""The paper's net on the thousand classes of ILSVRC-2012 (sections 3 to 5).

Command:  python -m training.run paper_2012 --data /path/to/imagenet --out runs/paper_2012
Expected: 40.7 % top-1, 18.2 % top-5 error on the validation set with ten crops (paper, table 2: "1 CNN").
Time:     five to six days on two GTX 580 in 2012.
Where the paper is silent: a rate stalls after three epochs without a tenth of a point (training.schedule.Plateau), on the
validation pictures that are reported; biases have no decay, as in the 2012 code; pictures are turned as their EXIF says; and
products are of bfloat16 numbers where the processor has units for them, the output layer's at test time of float32.
Not yet run.
"""

from model.layers import PAPER
from training.recipe import Recipe
from training.schedule import Plateau

RECIPE = Recipe(name="paper_2012", net=PAPER, schedule=Plateau(), epochs=90)
