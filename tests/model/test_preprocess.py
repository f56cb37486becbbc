"""Any picture file to crops: every kind of file, every refusal, and pixels computed by hand."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFile

from model import preprocess
from model.preprocess import crop, read_picture, soften, ten_crop_offsets, ten_crops, to_square

ROOT = Path(__file__).parents[2]
NO_MEAN = np.zeros(3, np.float32)
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, **chunks: bytes) -> bytes:
    """A PNG file as its specification has it, for what Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = {"IHDR": header, **chunks, "IDAT": zlib.compress(rows), "IEND": b""}
    body = b""
    for name, data in parts.items():
        tagged = name.encode() + data
        body += struct.pack(">I", len(data)) + tagged + struct.pack(">I", zlib.crc32(tagged))
    return b"\x89PNG\r\n\x1a\n" + body


def photo(width: int, height: int) -> Image.Image:
    """Something smooth with a little grain, as a camera makes it."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(30, 226, (6, 9, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    return Image.fromarray((smooth + rng.normal(0, 3, smooth.shape)).clip(0, 255).astype(np.uint8))


def corner_picture() -> Image.Image:
    """40 x 32 and blue; 8 x 8 red pixels in the top left corner."""
    image = Image.new("RGB", (40, 32), BLUE)
    image.paste(RED, (0, 0, 8, 8))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Colours top left, top right, bottom left, bottom right, each channel rounded to 0 or 255."""
    right, bottom = image.width - 4, image.height - 4
    pixels = [image.getpixel(place) for place in ((3, 3), (right, 3), (3, bottom), (right, bottom))]
    return [tuple(255 * (value > 127) for value in pixel) for pixel in pixels if isinstance(pixel, tuple)]


def only_pixel(data: bytes) -> object:
    image = read_picture(data)
    assert image.mode == "RGB"
    return image.getpixel((0, 0))


# Reading


def test_any_source(tmp_path: Path) -> None:
    data = encoded(corner_picture(), "PNG")
    path = tmp_path / "x.jpg"  # what a file is says its content, not its name
    path.write_bytes(data)
    stream = io.BytesIO(data)
    stream.seek(0, io.SEEK_END)  # as Streamlit leaves an upload that has been read
    with path.open("rb") as file:
        for source in (data, path, str(path), stream, file, stream):
            assert read_picture(source).tobytes() == corner_picture().tobytes()


@pytest.mark.parametrize("image_format", [*preprocess.PLUGINS, "MPO"])
def test_formats(image_format: str) -> None:
    image = read_picture(encoded(corner_picture(), image_format))
    assert (image.mode, image.size) == ("RGB", (40, 32))
    assert corners(image) == [RED, BLUE, BLUE, BLUE]


# Where the red corner of the stored picture is seen: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
@pytest.mark.parametrize(("orientation", "red"), [(1, 0), (2, 1), (3, 3), (4, 2), (5, 0), (6, 1), (7, 3), (8, 2)])
def test_exif_orientation(orientation: int, red: int) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    for image_format in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF"):
        options = {"tiffinfo": {0x112: orientation}} if image_format == "TIFF" else {"exif": exif}
        image = read_picture(encoded(corner_picture(), image_format, **options))
        assert image.size == ((32, 40) if orientation >= 5 else (40, 32)), image_format
        assert corners(image) == [RED if place == red else BLUE for place in range(4)], image_format


def test_metadata_is_dropped() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    image = read_picture(encoded(corner_picture(), "JPEG", exif=exif))
    assert image.info == {}
    assert not image.getexif()


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage-garbage", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"])
@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_damaged_exif_does_not_cost_the_picture(exif: bytes, image_format: str) -> None:
    assert corners(read_picture(encoded(corner_picture(), image_format, exif=exif))) == [RED, BLUE, BLUE, BLUE]


def test_first_frame() -> None:
    red, blue = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), BLUE)
    for image_format in ("GIF", "PNG", "TIFF"):
        data = encoded(red, image_format, save_all=True, append_images=[blue])
        assert only_pixel(data) == RED, image_format
    lossless = encoded(red, "WEBP", save_all=True, append_images=[blue], lossless=True)
    assert only_pixel(lossless) == RED


def test_transparency_on_white() -> None:
    half_black = Image.new("RGBA", (2, 2), (0, 0, 0, 128))  # 255 * (1 - 128 / 255) = 127
    for data in (
        encoded(half_black, "PNG"),
        encoded(half_black, "WEBP", lossless=True),
        encoded(half_black.convert("LA"), "PNG"),
        png(1, 1, 16, 6, b"\0" + b"\0\0\0\0\0\0\x80\0"),
        png(1, 1, 8, 3, b"\0\0", PLTE=b"\0\0\0", tRNS=b"\x80"),
    ):
        assert only_pixel(data) == (127, 127, 127)
    assert only_pixel(encoded(Image.new("RGBA", (1, 1), (255, 0, 0, 0)), "PNG")) == WHITE
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([*BLUE, *RED])
    assert only_pixel(encoded(palette, "GIF", transparency=0)) == RED
    assert only_pixel(encoded(palette, "GIF", transparency=1)) == WHITE


@pytest.mark.parametrize("depth", [8, 16])
def test_one_grey_level_that_means_transparent(depth: int) -> None:
    grey = {8: b"\x10\x20", 16: b"\x10\0\x20\0"}[depth]
    image = read_picture(png(2, 1, depth, 0, b"\0" + grey, tRNS={8: b"\0\x10", 16: b"\x10\0"}[depth]))
    assert [image.getpixel((0, 0)), image.getpixel((1, 0))] == [WHITE, (32, 32, 32)]


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (255, 0), (256, 1), (32768, 128), (65535, 255)])
def test_16_bits_are_scaled(level: int, expected: int) -> None:
    two_bytes = np.full((2, 2), level, np.uint16)
    big_endian = Image.frombytes("I;16B", (2, 2), two_bytes.astype(">u2").tobytes())
    for data in (
        encoded(Image.fromarray(two_bytes), "PNG"),
        encoded(Image.fromarray(two_bytes), "TIFF"),
        encoded(big_endian, "PNG"),
        encoded(Image.fromarray(two_bytes.astype(np.int32)), "TIFF"),  # mode I
        png(1, 1, 16, 2, b"\0" + 3 * struct.pack(">H", level)),
    ):
        assert only_pixel(data) == (expected,) * 3


@pytest.mark.parametrize("ink", [(255, 0, 0, 0), (0, 255, 255, 0), (0, 0, 0, 255)])
def test_cmyk(ink: tuple[int, int, int, int]) -> None:
    """Pillow writes CMYK JPEG the Adobe way, inverted; cyan ink alone leaves no red."""
    light = tuple(255 if not value + ink[3] else 0 for value in ink[:3])
    for image_format in ("JPEG", "TIFF"):
        assert only_pixel(encoded(Image.new("CMYK", (8, 8), ink), image_format)) == light


def test_grey_and_black_and_white() -> None:
    for image_format in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"):
        assert only_pixel(encoded(Image.new("L", (8, 8), 77), image_format)) == (77, 77, 77), image_format
    assert only_pixel(encoded(Image.new("1", (8, 8), 1), "PNG")) == WHITE


# Refusals


def refusal(source: str | Path | bytes) -> str:
    with pytest.raises(ValueError) as caught:
        read_picture(source)
    sentence = str(caught.value)
    assert re.fullmatch(r"[^\n]+[;][^\n;]+\.", sentence), sentence  # what is wrong; what to do.
    return sentence


@pytest.mark.parametrize("name", ["nowhere.jpg", ".", "a\0b", 5000 * "x"])
def test_no_such_file(name: str, tmp_path: Path) -> None:
    assert "cannot be opened; check that it is a file" in refusal(tmp_path / name)
    assert "cannot be opened" in refusal(str(tmp_path / name))


@pytest.mark.parametrize("data", [b"x", b"hello" * 10, b"%PDF-1.7 " * 9, b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_no_picture(data: bytes) -> None:
    assert "choose a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF" in refusal(data)


def test_formats_that_pillow_could_open_stay_shut() -> None:
    image = corner_picture()
    for image_format in ("PPM", "ICO", "EPS", "PDF", "TGA", "JPEG2000"):
        assert refusal(encoded(image, image_format)).startswith("This is not a picture that can be read"), image_format


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    assert refusal(tmp_path / "x.png") == refusal(b"") == "The file is empty; choose one with a picture in it."


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
@pytest.mark.parametrize("image_format", preprocess.PLUGINS)
def test_truncated_files(image_format: str) -> None:
    data = encoded(photo(90, 70), image_format)
    for kept in (17, len(data) // 8, len(data) // 2, len(data) * 9 // 10):
        assert "damaged or cut short; get the file again" in refusal(data[:kept]), kept


def test_damaged_pixels() -> None:
    data = bytearray(encoded(photo(90, 70), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in refusal(bytes(data))


def test_grey_values_without_a_known_range() -> None:
    for pixels in (np.full((2, 2), 0.5, np.float32), np.full((2, 2), 70000, np.int32), np.full((2, 2), -1, np.int32)):
        assert "save it as an 8-bit PNG" in refusal(encoded(Image.fromarray(pixels), "TIFF"))


def test_out_of_memory_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: ImageFile.ImageFile) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    assert refusal(encoded(corner_picture(), "JPEG")).startswith("The picture is too large; scale it down")


# Large pictures


def one_bit_png(side: int) -> bytes:
    return png(side, side, 1, 0, bytes(side * (side // 8 + 1)))


def tiled_tiff(tile_px: int) -> bytes:
    """16 x 16 pixels in one tile, deflated."""
    tile = zlib.compress(bytes(tile_px**2), 1)
    tags = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile_px, 323: tile_px, 324: 134, 325: len(tile)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + tile


def gif(screen_px: int, frame_px: int) -> bytes:
    screen = struct.pack("<HHBBB", screen_px, screen_px, 0, 0, 0)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, frame_px, frame_px, 0) + b"\x02\x02\x44\x01\0;"


BOMBS = {
    "13,000 x 13,000": one_bit_png(13000),  # within Pillow's own limit
    "2,147,483,647 x 2,147,483,647": png(2**31 - 1, 2**31 - 1, 8, 6, b""),
    "6,325 x 6,325": png(6325, 6325, 8, 6, b""),  # 40.006 megapixels
    "60,000 x 60,000": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
    "30,000 x 30,000": gif(screen_px=30000, frame_px=1),
}


@pytest.mark.parametrize("size", BOMBS)
def test_bombs_are_refused_by_their_header(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    assert refusal(BOMBS[size]) == f"The picture has {size} pixels; scale it down to 40 megapixels at most."


def test_gif_frame_beyond_its_screen() -> None:
    """Pillow itself warns of or refuses such a file while opening it."""
    for frame_px in (12000, 60000):
        assert "40 megapixels" in refusal(gif(screen_px=1, frame_px=frame_px))


def test_tiff_tiles() -> None:
    assert read_picture(tiled_tiff(64)).size == (16, 16)
    assert "tiles of this TIFF file are too large" in refusal(tiled_tiff(6400))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 0.0008 megapixels, and 0.0016 for JPEG: 800 pixels are read, more only as JPEG and at half their size."""
    monkeypatch.setattr(preprocess, "MAX_MEGAPIXELS", 0.0008)
    monkeypatch.setattr(preprocess, "MAX_JPEG_MEGAPIXELS", 0.0016)
    for image_format in preprocess.PLUGINS:
        assert read_picture(encoded(Image.new("L", (40, 20)), image_format)).size == (40, 20)
    assert read_picture(encoded(Image.new("L", (40, 40)), "JPEG")).size == (20, 20)
    assert read_picture(encoded(Image.new("CMYK", (40, 21)), "JPEG")).size == (20, 11)
    for image, options in ((Image.new("L", (41, 40)), {}), (Image.new("L", (40, 21)), {"progressive": True})):
        assert "pixels; scale it down" in refusal(encoded(image, "JPEG", **options))
    for image_format in preprocess.PLUGINS.keys() - {"JPEG"}:
        assert "pixels; scale it down" in refusal(encoded(Image.new("L", (40, 21)), image_format))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads peak memory from Linux's /proc")
def test_memory_stays_bounded(tmp_path: Path) -> None:
    """In a process of its own: 169 and 900 megapixels of PNG take next to nothing, 100 of grey JPEG 125 MB for 25."""
    sources = {"a.png": BOMBS["13,000 x 13,000"], "b.png": one_bit_png(30000)}
    sources["c.jpg"] = encoded(Image.new("L", (10000, 10000), 90), "JPEG")
    for name, data in sources.items():
        (tmp_path / name).write_bytes(data)
    script = """
import re, sys
from model.preprocess import read_picture
def peak_mb():
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1024
before = peak_mb()
for path in sys.argv[1:]:
    try:
        print(*read_picture(path).size, end=" ")
    except ValueError:
        print("refused", end=" ")
    print(round(peak_mb() - before))
assert not {"torch", "streamlit"} & sys.modules.keys()
"""
    arguments = [sys.executable, "-W", "error", "-c", script, *(str(tmp_path / name) for name in sources)]
    lines = subprocess.run(arguments, check=True, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    results, peaks_mb = zip(*(line.rsplit(" ", 1) for line in lines), strict=True)
    assert results == ("refused", "refused", "5000 5000")
    assert all(int(peak) <= limit for peak, limit in zip(peaks_mb, (5, 5, 160), strict=True)), peaks_mb


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
    square = to_square(read_picture(encoded(Image.new("RGB", (width, height), (10, 20, 30)), "PNG")))
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
