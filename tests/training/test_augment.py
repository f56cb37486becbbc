"""Section 4.1: crops that can be named, mirrors, and colour noise along RGB's principal components."""

import numpy as np
import pytest
import torch

from training.augment import Augment, colour_components


def ramp() -> torch.Tensor:
    """Red is the row, green the column."""
    rows, columns = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    return torch.stack([rows, columns, 0 * rows], 2).to(torch.uint8)


def test_crops_and_mirrors() -> None:
    cut = Augment(mean=torch.zeros(256, 256, 3), components=torch.zeros(3, 3))
    crops = cut(ramp().expand(400, -1, -1, -1), torch.Generator().manual_seed(0))
    assert crops.shape == (400, 3, 224, 224)
    assert crops.is_contiguous(memory_format=torch.channels_last)
    tops, lefts = crops[:, 0, 0, 0], crops[:, 1, 0].min(1).values
    assert set(tops.tolist()) | set(lefts.tolist()) == set(range(32))  # section 4.1: 32 x 32 places, 2048 with mirrors
    mirrored = crops[:, 1, 0, 0] > crops[:, 1, 0, 1]
    assert 150 < mirrored.sum() < 250
    upright = cut.__class__(mean=cut.mean, components=cut.components, mirror=False)
    crops = upright(ramp().expand(50, -1, -1, -1), torch.Generator().manual_seed(0))
    assert (crops[:, 1, 0, 0] < crops[:, 1, 0, 1]).all()


def test_mean_moves_with_the_crop() -> None:
    cut = Augment(mean=ramp().float(), components=torch.zeros(3, 3))
    assert not cut(ramp().expand(20, -1, -1, -1), torch.Generator().manual_seed(0)).any()


def test_colour_noise_is_one_shift_a_picture() -> None:
    components = torch.tensor([[10.0, 0, 0], [0, 20.0, 0], [0, 0, 40.0]])
    cut = Augment(mean=torch.full((256, 256, 3), 100.0), components=components)
    shifts = cut(torch.full((600, 256, 256, 3), 100, dtype=torch.uint8), torch.Generator().manual_seed(0))
    assert (shifts == shifts[:, :, :1, :1]).all()
    found = shifts[:, :, 0, 0].std(0).tolist()
    assert found == pytest.approx([1, 2, 4], rel=0.1)  # N(0, .1) times the component


def test_components_by_hand() -> None:
    """Grey of variance 4 along (1, 1, 1) / sqrt 3, nothing else."""
    covariance = 4 * np.ones((3, 3)) / 3
    stdev = colour_components(covariance, "stdev")
    np.testing.assert_allclose(np.abs(stdev[0]), 2 / np.sqrt(3), rtol=1e-6)
    np.testing.assert_allclose(stdev[1:], 0, atol=1e-6)
    # the paper's eigenvalues are of pixels in 0..1: 4 / 255**2, and 255 times that in grey levels
    np.testing.assert_allclose(np.abs(colour_components(covariance, "eigenvalue")[0]), 4 / 255 / np.sqrt(3), rtol=1e-5)
    assert not colour_components(covariance, "none").any()


def test_same_seed_same_crops() -> None:
    squares = torch.randint(0, 256, (8, 256, 256, 3), dtype=torch.uint8)
    cut = Augment(mean=torch.zeros(256, 256, 3), components=torch.eye(3))
    first, again, other = (cut(squares, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
