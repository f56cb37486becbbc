"""From a picture set to a gallery on disk, part by part: what is done stays done, and several processes may share the work."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from model import preprocess
from model.explorer import Explorer
from model.gallery import maps
from model.gallery.codes import Encoder
from model.gallery.store import ABOUT, PICTURES, ROWS_A_GROUP, VERSION, Gallery, model_hash, pixels, relative
from model.gallery.strongest import Strongest
from model.picture_set import PictureSet, find_any

LAYERS = ("pool5", "fc6", "fc7")
PART = 1024
BATCH, BATCH_CUDA = 32, 128
THUMBNAIL_PX, QUALITY = 128, 80
LARGEST = float(np.finfo(np.float16).max)
POLL_SECONDS = 0.5
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Share:
    """Which of several processes this is, as torchrun says it."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @staticmethod
    def of_environment() -> Share:
        """From RANK, WORLD_SIZE and LOCAL_RANK; alone without them."""
        rank, size, local = (
            int(os.environ.get(name, at)) for name, at in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
        )
        return Share(rank, size, local)


def build(
    model: str | Path,
    source: str | Path,
    dest: str | Path,
    layers: Sequence[str] = LAYERS,
    limit: int | None = None,
    progress: Progress = lambda stage, done, total: None,
    share: Share | None = None,
    device: str = "auto",
    with_map: bool = True,
) -> Gallery | None:
    """Run every picture of a set through the network, or `limit` of them spread evenly, and keep what it makes of them.

    Interrupted, the same call goes on where it stopped. Of several processes each does its share and the first puts
    all together; the others return None.

    Parameters
    ----------
    source : path
        What `find_any` takes: a folder of pictures or class folders, Parquet, a prepared split.
    dest : path
        A new folder, or one that the same call began.
    layers : sequence of str
        Whose activations are kept; fc7 always is.
    progress : callable
        Told (stage, done, total): "pictures", "merge", "codes", "map".

    Raises
    ------
    ValueError
        When there are no pictures, none can be read, or `dest` holds something else.
    """
    model, dest, share = Path(model), Path(dest), share or Share.of_environment()
    found = find_any(source)
    explorer = Explorer.open(model, device, share.local_rank)
    unknown = set(layers) - {row.name for row in explorer.config.layers}
    if unknown:
        raise ValueError(f"This network has no layer {', '.join(sorted(unknown))}; choose among {', '.join(LAYERS)}.")
    wanted = _spread(found, limit)
    about = {
        "version": VERSION,
        "model": model.parent.name,
        "model_hash": model_hash(model),
        "source": str(Path(source).expanduser().resolve()),
        "fingerprint": found.fingerprint,
        "layers": sorted({*layers, "fc7"}),
        "num_wanted": len(wanted),
    }
    parts = _begin(dest, about)
    if not (dest / ABOUT).exists():
        _run_parts(explorer, found, wanted, parts, about, share, progress)
        if share.rank:
            return None
        _wait(parts, -(-len(wanted) // PART))
        _put_together(explorer, found, dest, parts, about, model, progress, with_map)
    return Gallery.open(dest, model) if not share.rank else None


def _spread(found: PictureSet, limit: int | None) -> npt.NDArray[np.int64]:
    """Places of the wanted pictures in the set, spread evenly: classes often lie one behind the other."""
    if limit is not None and limit < 1:
        raise ValueError("A gallery needs at least one picture; raise the limit.")
    return np.linspace(0, found.num_images - 1, min(limit or found.num_images, found.num_images)).astype(np.int64)


def _begin(dest: Path, about: Mapping[str, Any]) -> Path:
    """The folder of the parts; refuses to mix two galleries."""
    if (dest / ABOUT).exists():
        began = json.loads((dest / ABOUT).read_text(encoding="utf-8"))
    elif (dest / "parts" / "settings.json").exists():
        began = json.loads((dest / "parts" / "settings.json").read_text(encoding="utf-8"))
    else:
        (dest / "parts").mkdir(parents=True, exist_ok=True)
        _write(dest / "parts" / "settings.json", json.dumps(about).encode())
        return dest / "parts"
    if other := [name for name in about if began.get(name) != about[name]]:
        raise ValueError(f"{dest} was begun with another {' and '.join(other)}; name a new folder, or delete that one.")
    return dest / "parts"


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)


# The parts


def _run_parts(
    explorer: Explorer,
    found: PictureSet,
    wanted: npt.NDArray[np.int64],
    parts: Path,
    about: Mapping[str, Any],
    share: Share,
    progress: Progress,
) -> None:
    numbers = [wanted[first : first + PART] for first in range(0, len(wanted), PART)]
    own = list(range(share.rank, len(numbers), share.size))
    total = sum(len(numbers[i]) for i in own)
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for i in own:
            path = parts / f"{i:06}.npz"
            if not path.exists():
                tell = partial(_tell, progress, done, total)
                arrays = _part(explorer, found, numbers[i], about, pool, tell)
                file = io.BytesIO()
                np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy types allow_pickle alone
                _write(path, file.getvalue())
            done += len(numbers[i])
            progress("pictures", done, total)


def _tell(progress: Progress, before: int, total: int, done: int) -> None:
    progress("pictures", before + done, total)


@dataclass(frozen=True, eq=False)
class _Read:
    """One picture, ready for the network; or why it is not."""

    number: int
    name: str
    label: int
    square: npt.NDArray[np.uint8] | None
    thumbnail: bytes = b""
    reason: str = ""


def _read(number: int, name: str, data: Callable[[], bytes], label: int) -> _Read:
    try:
        square = preprocess.to_square(preprocess.read_picture(data()))
    except (ValueError, OSError) as reason:
        return _Read(number, name, label, None, reason=str(reason))
    return _Read(number, name, label, square, thumbnail_of(square))


def thumbnail_of(square: npt.NDArray[np.uint8]) -> bytes:
    """A WebP of 128 x 128 pixels."""
    file = io.BytesIO()
    small = Image.fromarray(square).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BILINEAR)
    small.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def _ahead(
    found: PictureSet, numbers: npt.NDArray[np.int64], pool: ThreadPoolExecutor, batch: int
) -> Iterator[list[_Read]]:
    """Batches of pictures, the next one being read while this one is computed."""
    chosen = set(numbers.tolist())
    first, last = int(numbers[0]), int(numbers[-1])
    pictures = enumerate(found.pictures(first), first)
    wanted = ((i, *one) for i, one in islice(pictures, last - first + 1) if i in chosen)
    waiting = [pool.submit(_read, *one) for one in islice(wanted, batch)]
    while waiting:
        following = [pool.submit(_read, *one) for one in islice(wanted, batch)]
        yield [future.result() for future in waiting]
        waiting = following


def _part(
    explorer: Explorer,
    found: PictureSet,
    numbers: npt.NDArray[np.int64],
    about: Mapping[str, Any],
    pool: ThreadPoolExecutor,
    progress: Callable[[int], None],
) -> dict[str, npt.NDArray[Any]]:
    """Everything of some pictures, by array name; unreadable ones are listed and leave no row."""
    strongest = Strongest([row for row in explorer.config.layers if row.kind != "softmax"])
    convolutions = [row.name for row in explorer.config.layers if row.kind == "conv"]
    kept: list[_Read] = []
    rejected: list[_Read] = []
    columns: dict[str, list[npt.NDArray[Any]]] = {}
    batch = BATCH_CUDA if explorer.device.startswith("CUDA") else BATCH
    for reads in _ahead(found, numbers, pool, batch):
        good = [one for one in reads if one.square is not None]
        rejected += [one for one in reads if one.square is None]
        if good:
            squares = [one.square for one in good if one.square is not None]
            crops = np.concatenate([preprocess.crop(square, explorer.mean) for square in squares])
            seen = explorer.activations(crops, (*strongest.layers, "prob"))
            strongest.add(len(kept), seen)
            kept += good
            made = {f"features {name}": _half(seen[name].reshape(len(good), -1)) for name in about["layers"]}
            made |= {f"peaks {name}": _half(seen[name].max((2, 3))) for name in convolutions}
            made |= {"pixels": np.stack([pixels(square) for square in squares])}
            made |= {"prediction": seen["prob"].argmax(1).astype(np.int16), "confidence": seen["prob"].max(1)}
            for name, array in made.items():
                columns.setdefault(name, []).append(array)
        progress(len(kept) + len(rejected))
    arrays: dict[str, npt.NDArray[Any]] = {name: np.concatenate(some) for name, some in columns.items()}
    with_classes = bool(found.class_ids)
    return arrays | {
        "name": _text([relative(one.name, about["source"]) for one in kept]),
        "label": np.array([one.label if with_classes else -1 for one in kept], np.int16),
        "number": np.array([one.number for one in kept], np.int64),
        "thumbnail": np.frombuffer(b"".join(one.thumbnail for one in kept), np.uint8),
        "thumbnail_bytes": np.array([len(one.thumbnail) for one in kept], np.int64),
        "rejected": _text([text for one in rejected for text in (relative(one.name, about["source"]), one.reason)]),
        **{f"strongest {name}": array for name, array in strongest.arrays().items()},
    }


def _half(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)


def _text(words: list[str]) -> npt.NDArray[np.uint8]:
    """Strings as the bytes of JSON."""
    return np.frombuffer(json.dumps(words).encode(), np.uint8)


def _words(array: npt.NDArray[np.uint8]) -> list[str]:
    words: list[str] = json.loads(array.tobytes())
    return words


# All together


def _wait(parts: Path, count: int) -> None:
    """Until the other processes' parts are there too."""
    while len(list(parts.glob("*.npz"))) < count:
        time.sleep(POLL_SECONDS)


def _put_together(
    explorer: Explorer,
    found: PictureSet,
    dest: Path,
    parts: Path,
    about: Mapping[str, Any],
    model: Path,
    progress: Progress,
    with_map: bool,
) -> None:
    """One file an array, codes, map; `gallery.json` last, since it says that all is there."""
    files = sorted(parts.glob("*.npz"))
    convolutions = [row.name for row in explorer.config.layers if row.kind == "conv"]
    names = {f"features {name}": name for name in about["layers"]} | {"pixels": "pixels"}
    names |= {f"peaks {name}": f"peaks_{name}" for name in convolutions}
    rejected = _merge(explorer, files, dest, names, progress)
    layers = [*about["layers"], "pixels"]
    for done, layer in enumerate(layers):
        progress("codes", done, len(layers))
        features = np.load(dest / f"{layer}.npy", mmap_mode="r")
        learned = model.parent / "codes.npz"
        encoder = Encoder.load(learned) if layer == "fc7" and learned.exists() else Encoder.fit(features)
        encoder.save(dest / f"encoder_{layer}.npz")
        np.save(dest / f"codes_{layer}.npy", encoder.encode(features))
    places: dict[str, npt.NDArray[np.float32]] = {}
    told: dict[str, Any] = {}
    if with_map:
        fc7 = np.load(dest / "fc7.npy", mmap_mode="r")
        places, told = maps.compute(fc7, progress=lambda done, total: progress("map", done, total))
        for name, array in places.items():
            np.save(dest / f"map_{name}.npy", array)
    packages = {name: version(name) for name in ("numpy", "onnxruntime-gpu", "umap-learn") if _installed(name)}
    whole = {
        **about, "class_ids": found.class_ids, "peaks": convolutions, "maps": list(places), "map": told,
        "rejected": rejected, "device": explorer.device, "python": platform.python_version(), "packages": packages,
    }  # fmt: skip
    _write(dest / ABOUT, json.dumps(whole, indent=1).encode())
    shutil.rmtree(parts)


def _installed(name: str) -> bool:
    with contextlib.suppress(ModuleNotFoundError):
        return bool(version(name))
    return False


def _merge(
    explorer: Explorer, files: list[Path], dest: Path, names: Mapping[str, str], progress: Progress
) -> list[tuple[str, str]]:
    """Copy the parts' arrays one behind the other, one part in memory at a time; returns what was rejected."""
    counts, rejected = [], []
    for path in files:
        with np.load(path) as part:
            counts.append(len(part["label"]))
            words = _words(part["rejected"])
            rejected += list(zip(words[::2], words[1::2], strict=True))
    if not sum(counts):
        raise ValueError(f"None of the {len(rejected)} pictures could be read; the first: {rejected[0][1]}")
    strongest = Strongest([row for row in explorer.config.layers if row.kind != "softmax"])
    whole: dict[str, npt.NDArray[Any]] = {}
    first = 0
    with pq.ParquetWriter(dest / PICTURES, _schema()) as table:
        for done, (path, count) in enumerate(zip(files, counts, strict=True)):
            progress("merge", done, len(files))
            with np.load(path) as part:
                if not count:
                    continue
                for key, name in names.items():
                    if key not in whole:
                        shape = (sum(counts), *part[key].shape[1:])
                        whole[key] = np.lib.format.open_memmap(dest / f"{name}.npy", "w+", part[key].dtype, shape)
                    whole[key][first : first + count] = part[key]
                strongest.merge(
                    first,
                    {name.removeprefix("strongest "): part[name] for name in part if name.startswith("strongest ")},
                )
                table.write_table(_table(part), row_group_size=ROWS_A_GROUP)
            first += count
    for array in whole.values():
        array.flush()  # type: ignore[attr-defined]
    np.savez(dest / "strongest.npz", **strongest.arrays())  # type: ignore[arg-type]  # numpy types allow_pickle alone
    return rejected


def _schema() -> pa.Schema:
    fields = {"name": pa.string(), "label": pa.int16(), "prediction": pa.int16(), "confidence": pa.float32(),
              "number": pa.int64(), "thumbnail": pa.binary()}  # fmt: skip
    return pa.schema(list(fields.items()))


def _table(part: Mapping[str, npt.NDArray[Any]]) -> pa.Table:
    data, ends = part["thumbnail"].tobytes(), np.cumsum(part["thumbnail_bytes"])
    starts = ends - part["thumbnail_bytes"]
    columns = {name: part[name] for name in ("label", "prediction", "confidence", "number")}
    thumbnails = [data[start:end] for start, end in zip(starts, ends, strict=True)]
    return pa.table({"name": _words(part["name"]), **columns, "thumbnail": thumbnails}, schema=_schema())
