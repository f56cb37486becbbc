"""Every kind of picture a person can bring, with pixels worked out by hand; and a sentence for everything else."""

import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFile

from model.preprocess import crop, read_picture, ten_crops, to_square
from tests.toys import picture


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def first_pixel(data: bytes) -> tuple[int, ...]:
    image = read_picture(data)
    assert image.mode == "RGB"
    return tuple(np.asarray(image)[0, 0].tolist())


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_lossless_formats(kind: str) -> None:
    assert first_pixel(encoded(Image.new("RGB", (4, 3), (10, 20, 30)), kind)) == (10, 20, 30)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats(kind: str) -> None:
    found = first_pixel(encoded(Image.new("RGB", (64, 64), (200, 100, 50)), kind))
    np.testing.assert_allclose(found, (200, 100, 50), atol=4)


def test_greyscale_and_16_bit() -> None:
    assert first_pixel(encoded(Image.new("L", (2, 2), 77), "PNG")) == (77, 77, 77)
    deep = Image.fromarray(np.full((2, 2), 32768, np.uint16))
    assert first_pixel(encoded(deep, "PNG")) == (128, 128, 128)  # not clipped to 255


def test_transparency_lies_on_white() -> None:
    assert first_pixel(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "PNG")) == (255, 255, 255)
    assert first_pixel(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG")) == (127, 127, 127)
    assert first_pixel(encoded(Image.new("LA", (2, 2), (0, 0)), "PNG")) == (255, 255, 255)
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    assert first_pixel(encoded(palette, "PNG", transparency=0)) == (255, 255, 255)


def test_cmyk() -> None:
    cyan = first_pixel(encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "JPEG", quality=95))
    np.testing.assert_allclose(cyan, (0, 255, 255), atol=6)


def test_exif_turns_the_picture() -> None:
    """Orientation 6: the camera lay on its side, so the file's lower left corner belongs at the upper left."""
    pixels = np.zeros((64, 32, 3), np.uint8)
    pixels[48:, :16] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = read_picture(encoded(Image.fromarray(pixels), "JPEG", exif=exif, quality=95))
    assert upright.size == (64, 32)
    assert np.asarray(upright)[4, 4, 0] > 240
    assert np.asarray(upright)[28, 4, 0] < 15


def test_broken_exif_is_passed_over() -> None:
    data = encoded(Image.new("RGB", (16, 16), (0, 200, 0)), "JPEG", exif=b"Exif\x00\x00broken beyond reading")
    np.testing.assert_allclose(first_pixel(data), (0, 200, 0), atol=4)


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    assert first_pixel(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])) == (255, 0, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (20_000, 2)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    square = to_square(read_picture(encoded(Image.new("RGB", size, (9, 8, 7)), "PNG")))
    assert square.shape == (256, 256, 3)
    assert (square == (9, 8, 7)).all()


def test_hundred_megapixels() -> None:
    """A JPEG of 100 megapixels is decoded at an eighth of its sides."""
    image = read_picture(encoded(Image.new("L", (10_000, 10_000), 90), "JPEG"))
    assert image.size == (1250, 1250)
    assert np.asarray(image)[0, 0].tolist() == [90, 90, 90]


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size, with nothing behind it."""
    tiny = bytearray(encoded(Image.new("1", (1, 1)), "PNG"))
    tiny[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    tiny[29:33] = zlib.crc32(tiny[12:29]).to_bytes(4, "big")
    return bytes(tiny)


@pytest.mark.parametrize("side", [6_400, 13_000, 30_000, 60_000])
def test_bombs_are_refused_before_they_are_decoded(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = png_header(side, side)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("was decoded"))
    with pytest.raises(ValueError, match=r"pixels; 40 million are accepted, of a JPEG 120 million, so scale it down"):
        read_picture(bomb)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This is not a picture that can be read; use a JPEG"),
        (b"hello", "This is not a picture that can be read; use a JPEG"),
        (b"%PDF-1.7 and so on", "This is not a picture that can be read; use a JPEG"),
        (encoded(Image.fromarray(picture()), "PNG")[:2000], "The picture's file is damaged or cut short"),
        (encoded(Image.fromarray(picture()), "JPEG")[:2000], "The picture's file is damaged or cut short"),
        (encoded(Image.fromarray(picture()), "WEBP")[:2000], "The picture's file is damaged or cut short|not a picture"),
    ],
)
def test_sentences(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        read_picture(data)
    assert "\n" not in str(caught.value)


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(encoded(Image.new("RGB", (4, 4)), "PNG"))
    assert read_picture(tmp_path / "x.png").size == (4, 4)
    assert read_picture(str(tmp_path / "x.png")).size == (4, 4)
    with pytest.raises(ValueError, match=re.escape(f"There is no picture at {tmp_path / 'y.png'}; check the path")):
        read_picture(tmp_path / "y.png")
    with pytest.raises(ValueError, match="is a folder; name a picture in it"):
        read_picture(tmp_path)


def test_square_is_the_scaled_centre() -> None:
    """As if scaled first and cropped then, within rounding."""
    image = Image.fromarray(picture(0, 600, 450))
    scaled = np.asarray(image.resize((256, 341), Image.Resampling.BILINEAR))[42:298]
    assert np.abs(to_square(image).astype(int) - scaled).max() <= 6  # half a row of offset on a smooth picture
    assert np.abs(to_square(image).astype(int) - scaled).mean() < 1


def ramp() -> npt.NDArray[np.uint8]:
    """Red is the row, green the column, blue zero."""
    rows, columns = np.mgrid[:256, :256]
    return np.stack([rows, columns, 0 * rows], 2).astype(np.uint8)


def test_centre_crop() -> None:
    found = crop(ramp(), np.asarray([1, 2, 3], np.float32))
    assert found.shape == (1, 3, 224, 224)
    assert found.dtype == np.float32
    assert found[0, :, 0, 0].tolist() == [15, 14, -3]
    assert found[0, :, 223, 100].tolist() == [238, 114, -3]


def test_mean_picture_is_cropped_with_the_square() -> None:
    mean = ramp().transpose(2, 0, 1).astype(np.float32)
    assert not crop(ramp(), mean).any()
    assert not ten_crops(ramp(), mean).any()


def test_ten_crops() -> None:
    views = ten_crops(ramp(), np.zeros(3, np.float32))
    assert views.shape == (10, 3, 224, 224)
    corners = [tuple(view[:2, 0, 0].tolist()) for view in views]
    assert corners[::2] == [(0, 0), (0, 32), (16, 16), (32, 0), (32, 32)]
    assert corners[1::2] == [(0, 223), (0, 255), (16, 239), (32, 223), (32, 255)]  # mirrored
