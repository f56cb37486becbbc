"""From any picture file to what the network sees: RGB, a 256x256 square, 224x224 crops less the mean.

Training, evaluation and the app share it. A stranger's file is refused by its header, before its pixels are decoded.
Pillow's plugins are called directly: `Image.open` warns of pictures that are fine here, and neither warnings nor
`Image.MAX_IMAGE_PIXELS` can be changed for one thread alone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import Transpose
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from model.layers import CROP_PX, SQUARE_PX

PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "AVIF": AvifImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
}
MAX_MEGAPIXELS = 40  # at most 0.4 GB while decoding
MAX_JPEG_MEGAPIXELS = 100  # beyond MAX_MEGAPIXELS decoded at half size; a progressive one cannot save memory that way
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}  # by EXIF orientation; 1 is upright

Square = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """Which of section 4.1's views of a square the network sees: the paper's centre crop, unless told otherwise."""

    row: int = (SQUARE_PX - CROP_PX) // 2
    column: int = (SQUARE_PX - CROP_PX) // 2
    """First row and column of the crop in the square, 0..32 for the paper's crops."""
    mirror: bool = False
    colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Grey levels added to red, green and blue, as PCA colour noise does."""
    crop_px: int = CROP_PX
    """Side of the crop."""


def centre(crop_px: int = CROP_PX) -> View:
    """The centre crop of a network that sees so many pixels; Caffe's 227 begin at 14, as its own do."""
    return View((SQUARE_PX - crop_px) // 2, (SQUARE_PX - crop_px) // 2, crop_px=crop_px)


CENTRE = centre()


def read_picture(source: str | Path | bytes | BinaryIO) -> Image.Image:
    """A picture file in RGB: upright, first frame, transparency on white, 16-bit grey scaled to 8, without metadata.

    Raises
    ------
    ValueError
        When it is missing, empty, damaged, too large or no picture: one sentence that the user can act on.
    """
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source))
    if not isinstance(source, str | Path):
        return _decode(source)
    try:
        file = open(source, "rb")  # noqa: SIM115
    except (OSError, ValueError) as reason:
        raise ValueError(f"{source} cannot be opened; check that it is a file and may be read.") from reason
    with file:
        return _decode(file)


class _Refused(ValueError):
    """Why a picture is not read, as a sentence for the user."""


def _decode(file: BinaryIO) -> Image.Image:
    try:
        image = _open(file)
        _check_size(image)
        if image.width * image.height > MAX_MEGAPIXELS * 1e6:
            image.draft(None, (image.width // 2, image.height // 2))
        image.load()
        rgb = _to_rgb(_upright(image))
    except _Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as reason:
        raise ValueError(f"The picture is too large; scale it down to {MAX_MEGAPIXELS} megapixels first.") from reason
    except Exception as reason:  # plugins raise anything on a damaged file
        raise ValueError("The picture is damaged or cut short; get the file again or save it anew.") from reason
    rgb.info = {}  # it may say where a photograph was taken
    return rgb


def _open(file: BinaryIO) -> ImageFile.ImageFile:
    file.seek(0)
    prefix = file.read(16)
    file.seek(0)
    if not prefix:
        raise _Refused("The file is empty; choose one with a picture in it.")
    for name, plugin in PLUGINS.items():
        accept = Image.OPEN[name][1]
        if accept and accept(prefix) is True:
            return plugin(file)
    raise _Refused("This is not a picture that can be read; choose a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file.")


def _check_size(image: ImageFile.ImageFile) -> None:
    reducible = isinstance(image, JpegImageFile) and "progressive" not in image.info
    limit = MAX_JPEG_MEGAPIXELS if reducible else MAX_MEGAPIXELS
    if image.width * image.height > limit * 1e6:
        size = f"{image.width:,} x {image.height:,}"
        raise _Refused(f"The picture has {size} pixels; scale it down to {limit} megapixels at most.")
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    if tags.get(TILEWIDTH, 0) * tags.get(TILELENGTH, 0) > limit * 1e6:  # decoded whole, however small the picture
        raise _Refused("The tiles of this TIFF file are too large; save the picture as PNG or JPEG.")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says. `ImageOps.exif_transpose` also rewrites EXIF, and fails on pictures that are fine."""
    try:
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # browsers, too, show a picture whose EXIF is damaged
        return image
    return image if turn is None else image.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        image = _to_8_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer)
    return white


def _to_8_bits(image: Image.Image) -> Image.Image:
    """The high byte of 16-bit grey; Pillow's own conversion clips at 255."""
    grey = np.asarray(image)
    if image.mode == "F" or grey.min() < 0 or grey.max() > 65535:
        raise _Refused("The picture's grey values are not 8-bit or 16-bit; save it as an 8-bit PNG.")
    high = (grey >> 8).astype(np.uint8)
    high[grey == image.info.get("transparency", -1)] = 255
    return Image.fromarray(high)


def to_square(picture: Image.Image, detail_px: int | None = None) -> Square:
    """The centre square of a picture, uint8 (256, 256, 3): short side to 256, then the middle (section 2).

    The middle is cut first, through `box`: a picture of 1 x 100,000 pixels is never enlarged whole. `detail_px` as for `soften`.

    Raises
    ------
    ValueError
        When grey values have more than 16 bits; never for what `read_picture` returns.
    """
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    box = (left, top, left + side, top + side)
    square = np.array(_to_rgb(picture).resize((SQUARE_PX, SQUARE_PX), Image.Resampling.BILINEAR, box))
    return soften(square, detail_px, side)


def soften(square: Square, detail_px: int | None, side_px: int = SQUARE_PX) -> Square:
    """A square as a network saw those that it learned from, whose pictures had no more than `detail_px` pixels a side.

    A picture of a longer short side, `side_px`, is scaled down to that and up again. Others stay as they are, and all do where
    `detail_px` is None.
    """
    if detail_px is None or side_px <= detail_px:
        return square
    small = Image.fromarray(square).resize((detail_px, detail_px), Image.Resampling.BILINEAR)
    return np.array(small.resize((SQUARE_PX, SQUARE_PX), Image.Resampling.BILINEAR))


def crop(square: Square, mean: Array, view: View = CENTRE) -> Array:
    """One crop, float32 (1, 3, 224, 224) or of the view's own size: RGB in 0..255 less the mean, not divided by anything (section 2).

    Parameters
    ----------
    square : uint8 ndarray of shape (256, 256, 3)
    mean : float32 ndarray of shape (3,) or (3, 256, 256)
        In grey levels; from a mean picture, the part under the crop is subtracted.
    view : View
        Which crop. It loses the mean first and is mirrored then, as in training, so that twins are mirror images.

    Raises
    ------
    ValueError
        When the crop would leave the square.
    """
    _check(square, mean)
    room = SQUARE_PX - view.crop_px
    if not (0 <= view.row <= room and 0 <= view.column <= room):
        raise ValueError(f"A crop begins in row and column 0 to {room}; not in {view.row}, {view.column}.")
    window = np.s_[:, view.row : view.row + view.crop_px, view.column : view.column + view.crop_px]
    pixels = square.transpose(2, 0, 1)[window]
    part = mean[window] if mean.ndim == 3 else mean[:, None, None]
    made = np.subtract(pixels, part, order="C", dtype=np.float32)
    if any(view.colour):
        made += np.asarray(view.colour, np.float32)[:, None, None]
    return np.ascontiguousarray(made[:, :, ::-1] if view.mirror else made)[None]


def ten_crop_offsets(crop_px: int = CROP_PX) -> tuple[tuple[int, int], ...]:
    """(row, column) of the corners and the centre, in the order of section 4.1."""
    room = SQUARE_PX - crop_px
    return (0, 0), (0, room), (room // 2, room // 2), (room, 0), (room, room)


def ten_crops(
    square: Square, mean: Array, colour: tuple[float, float, float] = (0.0, 0.0, 0.0), crop_px: int = CROP_PX
) -> Array:
    """Corners, centre and mirrors, float32 (10, 3, 224, 224): each of `ten_crop_offsets`, then its mirror image.

    Averaging the network's probabilities over them is section 4.1's test. Parameters as for `crop`.
    """
    views = [View(*offset, mirror, colour, crop_px) for offset in ten_crop_offsets(crop_px) for mirror in (False, True)]
    return np.concatenate([crop(square, mean, view) for view in views])


def _check(square: Square, mean: Array) -> None:
    assert square.shape == (SQUARE_PX, SQUARE_PX, 3), square.shape
    assert square.dtype == np.uint8, square.dtype
    assert mean.shape in ((3,), (3, SQUARE_PX, SQUARE_PX)), mean.shape
    assert mean.dtype == np.float32, mean.dtype
