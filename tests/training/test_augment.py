"""Section 4.1: crops that can be named, mirrors, and colour noise along RGB's principal components."""

from typing import Any

import numpy as np
import pytest
import torch

from model.colours import colour_components
from training.augment import Augment


def ramp() -> torch.Tensor:
    """Red is the row, green the column."""
    rows, columns = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    return torch.stack([rows, columns, 0 * rows], 2).to(torch.uint8)


def cut_all(cut: Augment, squares: torch.Tensor, seed: int = 0, colour_noise: bool = True) -> torch.Tensor:
    return cut(squares, cut.draw(len(squares), torch.Generator().manual_seed(seed)), colour_noise)


def test_crops_and_mirrors() -> None:
    cut = Augment(mean=torch.zeros(256, 256, 3), components=torch.zeros(3, 3))
    crops = cut_all(cut, ramp().expand(400, -1, -1, -1))
    assert crops.shape == (400, 3, 224, 224)
    assert crops.is_contiguous(memory_format=torch.channels_last)
    tops, lefts = crops[:, 0, 0, 0], crops[:, 1, 0].min(1).values
    assert set(tops.tolist()) | set(lefts.tolist()) == set(range(32))  # section 4.1: 32 x 32 places, 2048 with mirrors
    mirrored = crops[:, 1, 0, 0] > crops[:, 1, 0, 1]
    assert 150 < mirrored.sum() < 250
    upright = cut.__class__(mean=cut.mean, components=cut.components, mirror=False)
    crops = cut_all(upright, ramp().expand(50, -1, -1, -1))
    assert (crops[:, 1, 0, 0] < crops[:, 1, 0, 1]).all()


def test_mean_moves_with_the_crop() -> None:
    cut = Augment(mean=ramp().float(), components=torch.zeros(3, 3))
    assert not cut_all(cut, ramp().expand(20, -1, -1, -1)).any()


def test_colour_noise_is_one_shift_a_picture() -> None:
    components = torch.tensor([[10.0, 0, 0], [0, 20.0, 0], [0, 0, 40.0]])
    cut = Augment(mean=torch.full((256, 256, 3), 100.0), components=components)
    shifts = cut_all(cut, torch.full((600, 256, 256, 3), 100, dtype=torch.uint8))
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
    first, again, other = (cut_all(cut, squares, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def cutter(**fields: Any) -> Augment:
    return Augment(mean=torch.zeros(256, 256, 3), components=torch.zeros(3, 3), **fields)


def test_crops_of_other_sizes() -> None:
    """A ramp stays a ramp: a side of s pixels over 224 has slope s / 224."""
    crops = cut_all(cutter(crop_px=(128, 256), mirror=False), ramp().expand(200, -1, -1, -1))
    slopes = (crops[:, 0, 200, 0] - crops[:, 0, 20, 0]) / 180 * 224
    assert slopes.min() < 132
    assert slopes.max() > 252
    assert crops.min() >= 0
    assert crops[:, :2].max() > 253  # up to the border, and not beyond


def test_resized_crops_lose_the_middle_of_the_mean() -> None:
    cut = Augment(mean=ramp().float(), components=torch.zeros(3, 3), crop_px=(256, 256), mirror=False)
    crops = cut_all(cut, ramp()[None])
    assert crops[0, 0, 112, 0] == pytest.approx(256 * 112.5 / 224 - 0.5 - (112 + 16), abs=0.6)


def test_smaller_crops() -> None:
    """At 112 pixels the ramp climbs by 2 a pixel, and so does the middle of a mean that is the same ramp."""
    cut = Augment(mean=ramp().float(), components=torch.zeros(3, 3), crop_px=(224, 224))
    squares = ramp()[None]
    draws = cut.draw(1, torch.Generator().manual_seed(0))
    _, top, left, mirrored = draws.windows[0].tolist()
    crop = cut(squares, draws, side_px=112)[0]
    assert crop.shape == (3, 112, 112)
    torch.testing.assert_close(crop[0, 1:-1], torch.full((110, 112), top - 16.0), rtol=0, atol=0.6)
    torch.testing.assert_close(crop[1, :, 1:-1], torch.full((112, 110), left - 16.0), rtol=0, atol=0.6)
    flat = cutter(crop_px=(224, 224))
    green = flat(squares, draws, side_px=112)[0, 1, 0]
    assert (green[60] - green[50]).item() == pytest.approx(-20 if mirrored else 20, abs=1)


def test_code_2012_draws() -> None:
    crops = cut_all(cutter(all_offsets=True), ramp().expand(600, -1, -1, -1))
    assert set(crops[:, 0, 0, 0].tolist()) == set(range(33))
    crops = cut_all(cutter(images_a_draw=4), ramp().expand(10, -1, -1, -1))
    assert [len(part.unique(dim=0)) for part in crops.split(4)] == [1, 1, 1]
    assert len(crops.unique(dim=0)) > 1


def test_divisor_goes_with_the_noise() -> None:
    cut = cutter(input_divisor=1.1)
    squares = torch.full((1, 256, 256, 3), 110, dtype=torch.uint8)
    assert cut_all(cut, squares)[0, 0, 0, 0] == pytest.approx(100)
    assert cut_all(cut, squares, colour_noise=False)[0, 0, 0, 0] == 110


def test_noise_can_stop() -> None:
    cut = Augment(mean=torch.zeros(256, 256, 3), components=torch.eye(3) * 50)
    squares = torch.full((4, 256, 256, 3), 7, dtype=torch.uint8)
    assert (cut_all(cut, squares, colour_noise=False) == 7).all()


def test_gpu_path_cuts_the_same_crops() -> None:
    squares = torch.randint(0, 256, (9, 256, 256, 3), dtype=torch.uint8)
    cut = Augment(mean=100 * torch.rand(256, 256, 3), components=torch.zeros(3, 3))
    expected = cut_all(cut, squares, 3)
    windows = cut._windows(9, torch.Generator().manual_seed(3))
    torch.testing.assert_close(cut._gather(squares, windows).permute(0, 3, 1, 2), expected, rtol=0, atol=1e-4)


def test_a_share_of_the_draws_cuts_a_share_of_the_crops() -> None:
    squares = torch.randint(0, 256, (8, 256, 256, 3), dtype=torch.uint8)
    cut = Augment(mean=torch.zeros(256, 256, 3), components=torch.eye(3))
    draws = cut.draw(8, torch.Generator().manual_seed(0))
    assert torch.equal(cut(squares[2:5], draws.part(slice(2, 5))), cut(squares, draws)[2:5])
