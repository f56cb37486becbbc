"""A wider net that starts from a narrower one."""

from dataclasses import replace

import pytest
import torch

from model.alexnet import AlexNet
from model.layers import NO_CROSS_TALK, NO_LRN, ONE_TOWER, Config
from tests.toys import TOY
from training.widen import is_wider, widened

NARROW = replace(TOY, lrn=None)


def wide_from(narrow: Config, wide: Config) -> tuple[AlexNet, AlexNet]:
    torch.manual_seed(0)
    trained = AlexNet(narrow).initialize(0.05, 0.1).eval()
    for w in trained.parameters():
        w.data += 0.01 * torch.randn_like(w)
    net = AlexNet(wide).initialize(0.05, 0.1).eval()
    net.load_state_dict(widened(trained.state_dict(), narrow, net.state_dict(), wide))
    return trained, net


@pytest.mark.parametrize("variant", [{}, {"towers": 1}, {"conv3_reads_both": False}, {"without": "conv4"}])
def test_a_wider_net_starts_with_the_narrower_ones_answers(variant: dict[str, object]) -> None:
    narrow = replace(NARROW, **variant)  # type: ignore[arg-type]
    wide = replace(narrow, width=2 * narrow.width, fc_units=2 * narrow.fc_units)
    trained, net = wide_from(narrow, wide)
    crops = 50 * torch.randn(2, 3, narrow.crop_px, narrow.crop_px)
    before, after = trained.activations(crops), net.activations(crops)
    torch.testing.assert_close(after["fc8"], before["fc8"], rtol=1e-4, atol=1e-4)
    share = narrow.layer["conv5"].units // narrow.towers
    wide_share = wide.layer["conv5"].units // wide.towers
    for tower in range(narrow.towers):
        own = before["conv5"][:, tower * share :][:, :share]
        torch.testing.assert_close(after["conv5"][:, tower * wide_share :][:, :share], own, rtol=1e-4, atol=1e-4)


def test_new_units_start_as_in_a_new_net_and_old_ones_read_nothing_of_them() -> None:
    wide = replace(NARROW, width=2 * NARROW.width)
    trained, net = wide_from(NARROW, wide)
    torch.manual_seed(0)
    AlexNet(NARROW).initialize(0.05, 0.1)
    old, new = NARROW.layer["conv2"], wide.layer["conv2"]
    half, wide_half = old.units // 2, new.units // 2
    reads, wide_reads = old.weight_shape[1], new.weight_shape[1]  # type: ignore[index]
    for tower in (0, 1):
        w = net.conv2.weight[tower * wide_half :][:wide_half]
        assert torch.equal(w[:half, :reads], trained.conv2.weight[tower * half :][:half])
        assert not w[:half, reads:].any()
        assert w[half:].ne(0).all()
        assert w.shape[1] == wide_reads
    # GPU2's maps of conv2, in what fc6's first unit reads, lie behind all of GPU1's, old and new
    pixels = wide.layer["pool5"].size_px ** 2
    narrow_share = NARROW.layer["pool5"].units // 2 * pixels
    wide_share = wide.layer["pool5"].units // 2 * pixels
    first = net.fc6.weight[0]
    assert torch.equal(first[wide_share : wide_share + narrow_share], trained.fc6.weight[0, narrow_share:])


def test_only_a_net_of_the_same_kind_can_be_made_wider() -> None:
    paper, half = Config(), Config(width=0.5, fc_units=1024)
    assert is_wider(paper, half)
    assert not is_wider(half, paper)
    assert not any(is_wider(other, half) for other in (NO_LRN, ONE_TOWER, NO_CROSS_TALK, Config(num_classes=20)))
