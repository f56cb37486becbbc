"""Any picture file to pixels: every kind of file, every refusal, and memory that stays bounded."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from model import preprocess
from model.preprocess import read_picture
from tests.toys import picture

ROOT = Path(__file__).parents[2]
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
    data = encoded(Image.fromarray(picture(0, 70, 90)), image_format)
    for kept in (17, len(data) // 8, len(data) // 2, len(data) * 9 // 10):
        assert "damaged or cut short; get the file again" in refusal(data[:kept]), kept


def test_damaged_pixels() -> None:
    data = bytearray(encoded(Image.fromarray(picture(0, 70, 90)), "PNG"))
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
