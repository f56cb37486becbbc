"""One part of a gallery: what a network makes of some of a set's pictures, as arrays for one file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from model import preprocess
from model.explorer import Explorer
from model.gallery.store import pixels, relative
from model.gallery.strongest import Strongest
from model.layers import Config
from model.picture_set import PictureSet

BATCH, BATCH_CUDA = 32, 64
THUMBNAIL_PX, QUALITY = 128, 80
LARGEST = float(np.finfo(np.float16).max)
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Read:
    """One picture, ready for the network; or why it is not."""

    number: int
    name: str
    label: int
    square: npt.NDArray[np.uint8] | None
    thumbnail: bytes = b""
    reason: str = ""


def read(number: int, name: str, data: Callable[[], bytes], label: int, detail_px: int | None) -> Read:
    """Decode a picture, softened for the network (`preprocess.soften`) but not for its thumbnail."""
    try:
        picture = preprocess.read_picture(data())
        square = preprocess.to_square(picture)
    except (ValueError, OSError) as reason:
        return Read(number, name, label, None, reason=str(reason))
    softened = preprocess.soften(square, detail_px, min(picture.size))
    return Read(number, name, label, softened, thumbnail_of(square))


def thumbnail_of(square: npt.NDArray[np.uint8]) -> bytes:
    """A WebP of 128 x 128 pixels."""
    file = io.BytesIO()
    small = Image.fromarray(square).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BILINEAR)
    small.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def ahead(
    found: PictureSet, numbers: npt.NDArray[np.int64], pool: ThreadPoolExecutor, batch: int, detail_px: int | None
) -> Iterator[list[Read]]:
    """Batches of a set's pictures, by their places, the next one being read while this one is computed."""
    chosen, detail_px = set(numbers.tolist()), found.left_to_soften(detail_px)
    first, last = int(numbers[0]), int(numbers[-1])
    pictures = enumerate(found.pictures(first), first)
    wanted = ((i, *one, detail_px) for i, one in islice(pictures, last - first + 1) if i in chosen)
    waiting = [pool.submit(read, *one) for one in islice(wanted, batch)]
    while waiting:
        following = [pool.submit(read, *one) for one in islice(wanted, batch)]
        yield [future.result() for future in waiting]
        waiting = following


def make_part(
    explorer: Explorer,
    found: PictureSet,
    numbers: npt.NDArray[np.int64],
    about: Mapping[str, Any],
    pool: ThreadPoolExecutor,
    progress: Callable[[int], None],
) -> Arrays:
    """Everything of the pictures at `numbers`, by array name; unreadable ones are listed and leave no row."""
    strongest = Strongest([row for row in explorer.config.layers if row.kind != "softmax"])
    view = preprocess.centre(explorer.config.crop_px)
    kept: list[Read] = []
    rejected: list[Read] = []
    batches: list[Arrays] = []
    batch = BATCH_CUDA if explorer.device.startswith("CUDA") else BATCH
    for reads in ahead(found, numbers, pool, batch, explorer.info.detail_px):
        good = [one for one in reads if one.square is not None]
        rejected += [one for one in reads if one.square is None]
        if good:
            squares = [one.square for one in good if one.square is not None]
            crops = np.concatenate([preprocess.crop(square, explorer.mean, view) for square in squares])
            seen = explorer.activations(crops, (*strongest.layers, "prob"))
            strongest.add(len(kept), seen)
            batches.append(_rows(explorer, seen, squares, about["layers"]))
            kept += good
        progress(len(kept) + len(rejected))
    return {
        **{name: np.concatenate([batch[name] for batch in batches]) for name in (batches[0] if batches else ())},
        **_names(kept, rejected, about["source"], bool(found.class_ids)),
        **{f"strongest {name}": array for name, array in strongest.arrays().items()},
    }


def _rows(
    explorer: Explorer,
    seen: Mapping[str, npt.NDArray[np.float32]],
    squares: list[npt.NDArray[np.uint8]],
    layers: list[str],
) -> Arrays:
    """A row a picture of what is kept of its activations."""
    probabilities = seen["prob"]
    return {
        **{f"features {name}": _half(seen[name].reshape(len(squares), -1)) for name in layers},
        **{f"peaks {name}": _half(_peaks(seen[name])) for name in peaked(explorer.config, layers)},
        "pixels": np.stack([pixels(square) for square in squares]),
        "prediction": probabilities.argmax(1).astype(np.int16),
        "confidence": probabilities.max(1),
    }


def peaked(config: Config, layers: Collection[str]) -> list[str]:
    """The layers of which every unit's strongest value is kept: those with maps and fc8, if not kept whole."""
    return [
        row.name
        for row in config.layers
        if row.name not in layers and (row.kind not in ("fc", "softmax") or row.name == "fc8")
    ]


def _peaks(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    strongest: npt.NDArray[np.float32] = values.reshape(*values.shape[:2], -1).max(2)
    return strongest


def _names(kept: list[Read], rejected: list[Read], source: str, with_classes: bool) -> Arrays:
    return {
        "name": _text([relative(one.name, source) for one in kept]),
        "label": np.array([one.label if with_classes else -1 for one in kept], np.int16),
        "number": np.array([one.number for one in kept], np.int64),
        "thumbnail": np.frombuffer(b"".join(one.thumbnail for one in kept), np.uint8),
        "thumbnail_bytes": np.array([len(one.thumbnail) for one in kept], np.int64),
        "rejected": _text([text for one in rejected for text in (relative(one.name, source), one.reason)]),
    }


def _half(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)


def _text(words: list[str]) -> npt.NDArray[np.uint8]:
    """Strings as the bytes of JSON."""
    return np.frombuffer(json.dumps(words).encode(), np.uint8)


def words_of(array: npt.NDArray[np.uint8]) -> list[str]:
    """Those strings."""
    words: list[str] = json.loads(array.tobytes())
    return words
