"""The torch network: its sizes, its towers, its dropout, its start."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from model import layers
from model.alexnet import AlexNet, HalfAtTest, spatial_norm
from model.layers import PAPER, Config
from tests.toys import TOY, small, toy_net

VARIANTS = {
    "paper": layers.PAPER,
    "code_2012": layers.CODE_2012,
    "conv6": layers.CONV6,
    "one_column": dataclasses.replace(layers.ONE_COLUMN, kernels=(96, 256, 384, 384, 512)),  # the same shape at 1/16
    "one_tower": layers.ONE_TOWER,
    "no_lrn": layers.NO_LRN,
    "no_overlap": layers.NO_OVERLAP,
    "no_cross_talk": layers.NO_CROSS_TALK,
    "tanh": layers.TANH,
    "no_dropout": layers.NO_DROPOUT,
    "without_conv3": layers.WITHOUT_CONV3,
    "without_conv4": layers.WITHOUT_CONV4,
    "without_conv5": layers.WITHOUT_CONV5,
    "torchvision": layers.TORCHVISION,
    "bvlc": layers.BVLC,
    "caffenet": layers.CAFFENET,
}


def test_paper_parameters() -> None:
    with torch.device("meta"):
        net = AlexNet(PAPER)
    assert sum(p.numel() for p in net.parameters()) == 60_965_224
    assert {name: tuple(p.shape) for name, p in net.named_parameters() if "weight" in name} == {
        f"{row.name}.weight": row.weight_shape for row in PAPER.layers if row.weight_shape
    }


@pytest.mark.parametrize("config", [small(variant) for variant in VARIANTS.values()], ids=VARIANTS)
def test_every_activation_has_its_row(config: Config) -> None:
    with torch.no_grad():
        activations = toy_net(config).activations(torch.randn(2, 3, config.crop_px, config.crop_px) * 50)
    assert {name: tuple(x.shape[1:]) for name, x in activations.items()} == {
        row.name: row.shape for row in config.layers
    }
    assert list(activations) == [row.name for row in config.layers]


def test_smaller_crops_in_training() -> None:
    """A crop of 128 pixels has 3 x 3 places in pool5; fc6 sees each of them twice in both directions, and the map says 3 x 3."""
    net = toy_net().train()
    x = torch.randn(1, 3, 128, 128) * 50
    torch.manual_seed(0)
    seen = net.activations(x)
    pool5 = seen["pool5"]
    assert pool5.shape[2:] == (3, 3)
    by_hand = pool5.repeat_interleave(2, 2).repeat_interleave(2, 3).flatten(1)
    torch.testing.assert_close(seen["fc6"], F.relu(net.fc6(by_hand)))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        net.eval().activations(x)  # a trained network sees whole crops


def test_last_window_of_conv1_overhangs_by_three_zeros() -> None:
    """conv1 in the corner: one kernel of ones sees 8 x 8 pixels of a crop of ones, not 11 x 11."""
    net = toy_net()
    net.conv1.weight.data.fill_(1.0)
    net.get_parameter("conv1.bias").data.zero_()
    with torch.no_grad():
        conv1 = net.activations(torch.ones(1, 3, 224, 224))["conv1"]
    assert conv1[0, 0, 0, 0] == 3 * 11 * 11
    assert conv1[0, 0, 54, 54] == 3 * 8 * 8


def test_towers_meet_only_at_conv3() -> None:
    """A change in GPU1's conv1 kernels reaches GPU2 in conv3, not before; without cross-talk in fc6, not before."""
    x = torch.randn(1, 3, 224, 224) * 50
    for config, first_met in ((TOY, "conv3"), (dataclasses.replace(TOY, conv3_reads_both=False), "fc6")):
        net = toy_net(config)
        with torch.no_grad():
            before = net.activations(x)
            net.conv1.weight[: config.layer["conv1"].units // 2] *= 1.5
            after = net.activations(x)
        changed = []
        for row in config.layers:
            gpu2 = row.tower_units(1) if row.towers == 2 else slice(None)
            if not torch.equal(before[row.name][:, gpu2], after[row.name][:, gpu2]):
                changed.append(row.name)
        assert changed[0] == first_met


def test_dropout_drops_in_training_and_halves_at_test() -> None:
    dropout, x = HalfAtTest(), torch.ones(10_000)
    kept = dropout.train()(x)
    assert set(kept.tolist()) == {0.0, 1.0}  # no scaling in training
    assert 4_700 < kept.sum() < 5_300
    assert dropout.eval()(x).tolist() == [0.5] * 10_000


def test_start() -> None:
    net = AlexNet(dataclasses.replace(PAPER, width=0.25, fc_units=512)).initialize(0.01, 0.03)
    ones = {name for name, p in net.named_parameters() if name.endswith("bias") and p.unique().tolist() == [1.0]}
    assert ones == {"conv2.bias", "conv4.bias", "conv5.bias", "fc6.bias", "fc7.bias"}
    assert net.conv1.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert net.conv4.weight.std().item() == pytest.approx(0.03, rel=0.05)
    assert net.fc6.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_2012_order_of_layer_1() -> None:
    """conv, LRN, pool, ReLU: conv1 and norm1 may be negative, pool1 not."""
    with torch.no_grad():
        seen = toy_net(small(layers.CODE_2012)).activations(torch.randn(1, 3, 224, 224) * 50)
    assert seen["conv1"].min() < 0
    assert seen["norm1"].min() < 0
    assert seen["pool1"].min() >= 0


def test_spatial_norm_by_hand() -> None:
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2], x[0, 0, 0, 0] = 10.0, 20.0
    y = spatial_norm(x)
    assert y[0, 0, 2, 2].item() == pytest.approx(10 / (1 + 0.001 / 25 * 500) ** 0.75)
    assert y[0, 0, 0, 0].item() == pytest.approx(20 / (1 + 0.001 / 25 * 500) ** 0.75)


def test_against_plain_torch() -> None:
    """The paper's net written out with torch's own layers and weights cut by tower."""
    net = toy_net()
    x = torch.randn(2, 3, 224, 224) * 50

    def lrn(x: torch.Tensor) -> torch.Tensor:
        return F.local_response_norm(x, 5, 5e-4, 0.75, 2.0)

    def conv(name: str, gpu: int, x: torch.Tensor, stride: int = 1, padding: int = 0) -> torch.Tensor:
        weight, bias = (net.get_parameter(f"{name}.{part}").chunk(2)[gpu] for part in ("weight", "bias"))
        return F.relu(F.conv2d(x, weight, bias, stride, padding))

    with torch.no_grad():
        padded = F.pad(x, (0, 3, 0, 3))
        towers = [F.max_pool2d(lrn(conv("conv1", gpu, padded, stride=4)), 3, 2) for gpu in (0, 1)]
        towers = [F.max_pool2d(lrn(conv("conv2", gpu, towers[gpu], padding=2)), 3, 2) for gpu in (0, 1)]
        both = torch.cat(towers, 1)
        towers = [conv("conv3", gpu, both, padding=1) for gpu in (0, 1)]
        towers = [conv("conv4", gpu, towers[gpu], padding=1) for gpu in (0, 1)]
        towers = [conv("conv5", gpu, towers[gpu], padding=1) for gpu in (0, 1)]
        pooled = F.max_pool2d(torch.cat(towers, 1), 3, 2).flatten(1)
        fc6 = F.relu(net.fc6(pooled))
        fc7 = F.relu(net.fc7(0.5 * fc6))
        torch.testing.assert_close(net(x), net.fc8(0.5 * fc7))


def test_tanh_and_no_dropout_by_hand() -> None:
    """fc7 of the torch net from its own fc6: tanh, and nothing halved."""
    net = toy_net(dataclasses.replace(TOY, activation="tanh", dropout=False))
    with torch.no_grad():
        out = net.activations(torch.randn(2, 3, 224, 224) * 5)
        torch.testing.assert_close(out["fc7"], torch.tanh(out["fc6"] @ net.fc7.weight.T + net.fc7.bias))


def test_left_out_convolutions() -> None:
    """The paper's counts without one: conv4 reads pool2's 128 maps of its tower, or fc6 what is left."""
    conv4, conv5 = 384 * 128 * 9 + 384, 256 * 192 * 9 + 256
    full = PAPER.num_parameters
    assert layers.WITHOUT_CONV3.num_parameters == full - 885_120 - 663_936 + conv4
    assert layers.WITHOUT_CONV4.num_parameters == full - 663_936  # conv5 reads 192 maps of its tower either way
    assert layers.WITHOUT_CONV5.num_parameters == full - conv5 + 128 * 36 * 4096  # fc6 reads 384 maps, not 256
