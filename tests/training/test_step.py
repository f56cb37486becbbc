"""The update rule of section 5, by hand, and a seeded loss curve that must not move."""

import dataclasses

import numpy as np
import pytest
import torch

import training.recipe
from model.alexnet import AlexNet
from model.layers import PAPER
from tests.toys import TOY, picture, toy_net
from training.recipe import Recipe
from training.schedule import Plateau
from training.step import Momentum, train_step

RECIPE = Recipe(name="toy", net=TOY, schedule=Plateau(), epochs=1, bias_lr=0.02)


def test_update_rule_by_hand() -> None:
    """Weight 2, gradients 1 then 3; the rate drops from .01 to .001 between them, and the velocity does not."""
    net = toy_net()
    optimizer = Momentum(RECIPE, net)
    w, b = net.fc8.weight, net.fc8.bias
    with torch.no_grad():
        w.fill_(2.0)
        b.fill_(2.0)
    for factor, grad in ((1.0, 1.0), (0.1, 3.0)):
        for p in net.parameters():
            p.grad = torch.full_like(p, grad)
        optimizer.set_factor(factor)
        optimizer.step()
    v1 = -0.0005 * 0.01 * 2 - 0.01 * 1
    w1 = 2 + v1
    v2 = 0.9 * v1 - 0.0005 * 0.001 * w1 - 0.001 * 3
    torch.testing.assert_close(w, torch.full_like(w, w1 + v2))
    u1 = -0.02 * 1  # biases: their own rate, no decay
    u2 = 0.9 * u1 - 0.002 * 3
    torch.testing.assert_close(b, torch.full_like(b, 2 + u1 + u2))


def test_conv1_may_learn_at_its_own_rate() -> None:
    recipe = dataclasses.replace(RECIPE, conv1_lrs=((67, 1e-5), (72, 0.0)))
    assert [recipe.conv1_lr(epoch) for epoch in (0, 66, 67, 71, 72)] == [None, None, 1e-5, 1e-5, 0]
    net = toy_net()
    before = {name: w.detach().clone() for name, w in net.named_parameters()}
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    optimizer = Momentum(recipe, net)
    optimizer.set_factor(1.0, conv1_lr=0.0)
    optimizer.step()
    same = [name for name, w in net.named_parameters() if torch.equal(w, before[name])]
    assert same == ["conv1.weight", "conv1.bias"]


def test_constant_rate_is_torchs_sgd() -> None:
    ours, theirs = toy_net(), toy_net()
    recipe = dataclasses.replace(RECIPE, weight_decay=0.0, bias_lr=0.01)
    optimizer, sgd = Momentum(recipe, ours), torch.optim.SGD(theirs.parameters(), lr=0.01, momentum=0.9)
    optimizer.set_factor(1.0)
    torch.manual_seed(0)
    for _ in range(3):
        x = 10 * torch.randn(2, 3, 224, 224)
        for net, step in ((ours, optimizer), (theirs, sgd)):
            step.zero_grad()
            net(x).square().sum().mul(1e-4).backward()
            step.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q)


GOLDEN = [
    1.79665, 1.840504, 1.582363, 1.87489, 2.096337, 2.158838, 1.7027, 1.580773, 1.81391, 1.742983,
    1.851586, 1.833824, 1.826555, 1.618632, 2.005179, 1.862136, 1.794366, 1.982963, 1.747497, 1.439144,
]  # fmt: skip


def test_twenty_seeded_steps() -> None:
    """Eight pictures seen again and again: the loss takes the same way down as when this was written.

    In float64 from its first draw on, since float32's rounding, another on every processor, has grown to 4 % of the loss by the
    twentieth step.
    """
    torch.manual_seed(0)
    net = AlexNet(dataclasses.replace(TOY, fc_units=512)).double().initialize(0.03, 0.1).train()
    optimizer = Momentum(RECIPE, net)
    optimizer.set_factor(1.0)
    squares = np.stack([picture(seed, 224, 224) for seed in range(8)])
    x, labels = torch.from_numpy(squares).permute(0, 3, 1, 2).double() - 110, torch.arange(8) % 6
    losses = [train_step(net, optimizer, x, labels, None)[0].item() for _ in range(20)]
    np.testing.assert_allclose(losses, GOLDEN, rtol=1e-4)


def test_recipes() -> None:
    paper = training.recipe.load("paper_2012")
    assert paper.net == PAPER
    assert (paper.batch_size, paper.lr, paper.bias_lr, paper.momentum, paper.weight_decay) == (
        128,
        0.01,
        0.01,
        0.9,
        5e-4,
    )
    assert (paper.std, paper.middle_std, paper.colour_noise) == (0.01, 0.01, "eigenvalue")
    assert training.recipe.load("imagenet20").net.num_parameters == 60_965_224 - 980 * 4_097
    assert training.recipe.load("imagenet20_mini").net.scaled_kernels == (48, 128, 192, 192, 128)
    with pytest.raises(ValueError, match="There is no recipe 'resnet'; choose one of code_145, conv6, "):
        training.recipe.load("resnet")
