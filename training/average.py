"""The mean of a net's weights over the last part of its training, which usually errs less than where the training ends.

Stochastic weight averaging (Izmailov et al. 2018). The mean is a net of its own: what is judged, shown and exported never takes the
place of what is being trained, so that a run can be stopped at any moment.
"""

from __future__ import annotations

import torch

from model.alexnet import AlexNet


class RunningMean:
    """A net whose weights are the mean of another's, as it started and after every step since."""

    def __init__(self, net: AlexNet, trained: AlexNet) -> None:
        """`net` is of the same kind as `trained`, and takes its weights."""
        self.net = net
        self.count = 1
        """Of nets in the mean."""
        net.load_state_dict(trained.state_dict())
        net.requires_grad_(False)

    @torch.no_grad()
    def add(self, trained: AlexNet) -> None:
        """Take the weights after a step into the mean."""
        self.count += 1
        for mean, w in zip(self.net.parameters(), trained.parameters(), strict=True):
            mean.lerp_(w, 1 / self.count)
