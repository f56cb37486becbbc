"""From a picture to the network's crops, with pixels computed by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from model.preprocess import crop, read_picture, soften, ten_crop_offsets, ten_crops, to_square
from tests.toys import encoded

NO_MEAN = np.zeros(3, np.float32)


def photo(width: int, height: int) -> Image.Image:
    """Something smooth with a little grain, as a camera makes it."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(30, 226, (6, 9, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    return Image.fromarray((smooth + rng.normal(0, 3, smooth.shape)).clip(0, 255).astype(np.uint8))


# Squares


def test_middle_of_a_wide_picture() -> None:
    """512 x 256: no resizing, columns 128..383; red is half the column, green the row."""
    rows, columns = np.mgrid[:256, :512]
    picture = np.stack([columns // 2, rows, 0 * rows], -1).astype(np.uint8)
    square = to_square(Image.fromarray(picture))
    assert square.shape == (256, 256, 3)
    assert square.dtype == np.uint8
    assert square[0, 0].tolist() == [64, 0, 0]
    assert square[255, 255].tolist() == [191, 255, 0]
    np.testing.assert_array_equal(square, picture[:, 128:384])
    np.testing.assert_array_equal(to_square(Image.fromarray(picture.transpose(1, 0, 2))), square.transpose(1, 0, 2))


def test_scaled_gradient() -> None:
    """1024 x 512, grey = column / 4: square column j is the mean of columns 256 + 2j and 257 + 2j, 64.125 + j / 2."""
    picture = np.tile((np.arange(1024) // 4).astype(np.uint8), (512, 1))
    square = to_square(Image.fromarray(picture)).astype(int)
    assert abs(square[128, :, 1] - (64.125 + np.arange(256) / 2)).max() <= 1
    assert square[128, 2, 0] == 65  # columns 260 and 261 and their neighbours 259..262: 64, 65, 65, 65


def test_antialiasing() -> None:
    """Checks of one pixel become even grey at a quarter of the size, where sampling would see only one colour."""
    checks = (np.indices((1024, 1024)).sum(0) % 2 * 255).astype(np.uint8)
    assert set(np.unique(to_square(Image.fromarray(checks))[8:-8, 8:-8])) <= {127, 128}


@pytest.mark.parametrize(("width", "height"), [(480, 320), (320, 480), (100, 150), (256, 300), (1024, 512)])
def test_equals_short_side_then_centre_crop(width: int, height: int) -> None:
    """Sizes whose long side scales to a whole number; others, 500 x 375, are off by what the two-step way rounds."""
    picture = photo(width, height)
    short_side = min(width, height)
    scaled = picture.resize((width * 256 // short_side, height * 256 // short_side), Image.Resampling.BILINEAR)
    left, top = (scaled.width - 256) // 2, (scaled.height - 256) // 2
    reference = np.asarray(scaled.crop((left, top, left + 256, top + 256))).astype(int)
    assert abs(to_square(picture) - reference).max() <= 1


def test_odd_margins_are_split_evenly() -> None:
    """Where the two-step way has to choose a side, the square is as symmetric as the picture."""
    picture = photo(500, 375)
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert abs(to_square(mirrored)[:, ::-1].astype(int) - to_square(picture)).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (7, 1), (2, 3), (1, 100_000), (100_000, 1), (255, 257)])
def test_small_and_narrow(width: int, height: int) -> None:
    square = to_square(read_picture(encoded(np.full((height, width, 3), (10, 20, 30), np.uint8))))
    np.testing.assert_array_equal(square, np.full((256, 256, 3), (10, 20, 30)))


def test_pictures_in_other_modes() -> None:
    """An app may hand over its own PIL image, not one from `read_picture`."""
    assert to_square(Image.new("RGBA", (9, 9), (0, 0, 0, 128)))[0, 0].tolist() == [127, 127, 127]
    assert to_square(Image.new("L", (9, 9), 5))[0, 0].tolist() == [5, 5, 5]
    assert to_square(Image.new("I;16", (9, 9), 32768))[0, 0].tolist() == [128, 128, 128]
    with pytest.raises(ValueError, match="save it as an 8-bit PNG"):
        to_square(Image.new("F", (9, 9)))


def test_softening_leaves_pictures_that_are_small_enough() -> None:
    """Also the longer side may be larger; and a network that learned from large ones sees all as they are."""
    for size in ((64, 64), (64, 90), (20, 30)):
        np.testing.assert_array_equal(to_square(photo(*size), 64), to_square(photo(*size)))
    np.testing.assert_array_equal(to_square(photo(500, 400), None), to_square(photo(500, 400)))
    square = to_square(photo(300, 300))
    assert soften(square, 64, 64) is square


@pytest.mark.parametrize("size", [(65, 65), (128, 200), (1024, 768)])
def test_softened_like_a_small_picture(size: tuple[int, int]) -> None:
    """As if somebody had scaled the picture down to 64 pixels beforehand."""
    picture, side = photo(*size), min(size)
    left, top = (size[0] - side) / 2, (size[1] - side) / 2
    small = picture.resize((64, 64), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
    off = np.abs(to_square(picture, 64).astype(int) - to_square(small))
    assert off.mean() < 1.5
    assert off.max() <= 12  # the grain, which one way meets a filter more


def test_softening_by_hand() -> None:
    """Stripes of 2 pixels are gone at 64, stripes of 32 are blurred at their borders only."""
    columns = np.arange(256)
    fine, coarse = (
        np.tile((columns // width % 2 * 255).astype(np.uint8)[None, :, None], (256, 1, 3)) for width in (2, 32)
    )
    assert np.ptp(soften(fine, 64)[:, 8:-8]) <= 1
    soft = soften(coarse, 64)
    assert soft[9, [16, 48, 80]].tolist() == [[0] * 3, [255] * 3, [0] * 3]
    assert set(np.flatnonzero(soft[9, :, 0] != coarse[9, :, 0]) % 32) <= {*range(8), *range(24, 32)}


# Crops


def places() -> npt.NDArray[np.uint8]:
    """A square that says where one is: red is the row, green the column, blue 7."""
    rows, columns = np.mgrid[:256, :256]
    return np.stack([rows, columns, np.full_like(rows, 7)], -1).astype(np.uint8)


def test_centre_crop() -> None:
    view = crop(places(), NO_MEAN)
    assert view.shape == (1, 3, 224, 224)
    assert view.dtype == np.float32
    assert view.flags.c_contiguous
    assert view[0, :, 0, 0].tolist() == [16, 16, 7]
    assert view[0, :, 223, 0].tolist() == [239, 16, 7]
    assert view[0, :, 100, 50].tolist() == [116, 66, 7]


def test_mean_colour() -> None:
    mean = np.array([16, 10.5, 107], np.float32)
    assert crop(places(), mean)[0, :, 0, 0].tolist() == [0, 5.5, -100]
    assert ten_crops(places(), mean)[9, :, 0, 0].tolist() == [16, 244.5, -100]


def test_mean_picture_lies_under_its_crop() -> None:
    mean = places().transpose(2, 0, 1).astype(np.float32)
    assert not crop(places(), mean).any()
    assert not ten_crops(places(), mean).any()  # a mirror image has lost its mean before it is turned


def test_ten_crops() -> None:
    views = ten_crops(places(), NO_MEAN)
    assert views.shape == (10, 3, 224, 224)
    assert views.dtype == np.float32
    assert views.flags.c_contiguous
    assert ten_crop_offsets() == ((0, 0), (0, 32), (16, 16), (32, 0), (32, 32))
    assert ten_crop_offsets(227) == ((0, 0), (0, 29), (14, 14), (29, 0), (29, 29))
    assert views[:, :2, 0, 0].tolist() == [
        [0, 0], [0, 223], [0, 32], [0, 255], [16, 16], [16, 239], [32, 0], [32, 223], [32, 32], [32, 255],
    ]  # fmt: skip
    assert views[8:, :2, 223, 223].tolist() == [[255, 255], [255, 32]]
    np.testing.assert_array_equal(views[4:5], crop(places(), NO_MEAN))
    np.testing.assert_array_equal(views[1::2], views[0::2, :, :, ::-1])


@pytest.mark.parametrize("cut", [crop, ten_crops])
def test_shapes_are_asserted(cut: object) -> None:
    assert callable(cut)
    for square, mean in (
        (places()[:255], NO_MEAN),
        (places().astype(np.float32), NO_MEAN),
        (places(), np.zeros((3, 224, 224), np.float32)),
        (places(), np.zeros(3)),
    ):
        with pytest.raises(AssertionError):
            cut(square, mean)
