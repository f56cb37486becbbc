"""From any picture file to what the network sees: RGB, a 256x256 square, 224x224 crops less the mean.

Training, evaluation and the app share it. A file from a stranger is refused by its header, before its pixels are
decoded; the image plugins are called directly because `Image.open` itself warns of large pictures, and neither warnings
nor `Image.MAX_IMAGE_PIXELS` can be changed for one thread alone.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from model.layers import CROP_PX, SQUARE_PX

PLUGINS: tuple[type[ImageFile.ImageFile], ...] = (
    JpegImageFile, PngImageFile, WebPImageFile, AvifImageFile, GifImageFile, BmpImageFile, TiffImageFile,
)  # fmt: skip
MAX_MEGAPIXELS = 40
MAX_JPEG_MEGAPIXELS = 100  # beyond MAX_MEGAPIXELS they are decoded at half their size, in a quarter of the memory
TEN_CROP_OFFSETS = ((0, 0), (0, 32), (16, 16), (32, 0), (32, 32))  # (row, column), section 4.1

Square = npt.NDArray[np.uint8]
Crops = npt.NDArray[np.float32]


def read_picture(source: str | Path | bytes | BinaryIO) -> Image.Image:
    """A picture file as RGB: upright, first frame, transparency on white, 16-bit grey scaled to 8 bits.

    Raises
    ------
    ValueError
        When it is missing, empty, damaged, too large or no picture; the message is one sentence for the user.
    """
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source))
    if not isinstance(source, str | Path):
        return _decode(source)
    try:
        file = open(source, "rb")  # noqa: SIM115
    except (OSError, ValueError) as reason:
        raise ValueError(f"{source} cannot be opened; check its name and that it may be read.") from reason
    with file:
        return _decode(file)


def _decode(file: BinaryIO) -> Image.Image:
    try:
        image = _open(file)
        _check_size(image)
        if image.width * image.height > MAX_MEGAPIXELS * 1e6:
            image.draft(None, (image.width // 2, image.height // 2))
        ImageOps.exif_transpose(image, in_place=True)
        return _to_rgb(image)
    except _Refused:
        raise
    except Exception as reason:
        raise ValueError("The picture is damaged or cut short; get the file again or save it anew.") from reason


class _Refused(ValueError):
    """A reason to refuse a picture, in words for the user."""


def _open(file: BinaryIO) -> ImageFile.ImageFile:
    file.seek(0)
    prefix = file.read(16)
    file.seek(0)
    if not prefix:
        raise _Refused("The file is empty; choose one that has a picture in it.")
    for plugin in PLUGINS:
        accept = Image.OPEN[plugin.format or ""][1]
        if accept and accept(prefix) is True:
            return plugin(file)
    raise _Refused("This is not a picture; choose a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file.")


def _check_size(image: ImageFile.ImageFile) -> None:
    megapixels = image.width * image.height / 1e6
    limit = MAX_JPEG_MEGAPIXELS if image.format == "JPEG" else MAX_MEGAPIXELS
    if megapixels > limit:
        raise _Refused(f"The picture has {megapixels:,.0f} megapixels, at most {limit} are read; scale it down first.")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    return image.convert("RGB")


def to_square(picture: Image.Image) -> Square:
    """The centre square of a picture, uint8 (256, 256, 3): short side to 256, then the middle (section 2).

    The middle is cut first, by `box`, so that a picture of 1 x 100,000 pixels is never blown up whole.
    """
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return np.array(_to_rgb(picture).resize((SQUARE_PX, SQUARE_PX), Image.Resampling.BILINEAR, box))


def crop(square: Square, mean: Crops) -> Crops:
    """The centre crop of a square, float32 (1, 3, 224, 224): RGB in 0..255 less the mean, undivided (section 2).

    Parameters
    ----------
    square : uint8 ndarray of shape (256, 256, 3)
    mean : float32 ndarray of shape (3,) or (3, 256, 256)
        In grey levels; of a mean picture, what lies under the crop is subtracted.
    """
    middle = (SQUARE_PX - CROP_PX) // 2
    return _views(square, mean, middle, middle)[:1]


def ten_crops(square: Square, mean: Crops) -> Crops:
    """Corners, centre and their mirrors, float32 (10, 3, 224, 224): each crop of TEN_CROP_OFFSETS, then its mirror.

    A mean picture belongs to the place: a mirrored crop has the same, unmirrored part of it subtracted as its twin.
    Parameters as for `crop`. The network's probabilities are averaged over the ten (section 4.1).
    """
    return np.concatenate([_views(square, mean, row, column) for row, column in TEN_CROP_OFFSETS])


def _views(square: Square, mean: Crops, row: int, column: int) -> Crops:
    """One crop and its mirror, (2, 3, 224, 224)."""
    assert square.shape == (SQUARE_PX, SQUARE_PX, 3), square.shape
    assert square.dtype == np.uint8, square.dtype
    assert mean.shape in ((3,), (3, SQUARE_PX, SQUARE_PX)), mean.shape
    assert mean.dtype == np.float32, mean.dtype
    window = np.s_[:, row : row + CROP_PX, column : column + CROP_PX]
    pixels = square.transpose(2, 0, 1)[window]  # (3, 224, 224)
    return np.stack([pixels, pixels[:, :, ::-1]]) - (mean[window] if mean.ndim == 3 else mean[:, None, None])
