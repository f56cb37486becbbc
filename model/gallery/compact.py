"""The gallery that comes with a model: one Parquet file of names, classes, fc7 in 8 bits, codes and map positions, no pictures.

Beside it lies strongest.npz: which of them drive the units of the other layers most.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model import onnx_file, preprocess
from model.gallery.codes import CODES, Encoder
from model.gallery.parts import thumbnail_of
from model.gallery.search import FlatIndex
from model.gallery.store import ROWS_A_GROUP, Gallery, Thumbnails, check, columns
from model.gallery.strongest import STRONGEST_NPZ, Strongest
from model.layers import Config
from model.picture_set import find_splits

KEY = b"alexnet gallery"
MAPS = {"umap2": 2, "umap3": 3, "pca2": 2, "pca3": 3}
AHEAD = 64
LARGEST_BYTES = 16e6
BESIDE_BYTES = 120  # of a picture's name, class, codes and places
STEPS = (255, 127, 63, 31)
SAMPLE, LEVEL = 512, 19
IMAGENETTE_AND_WOOF = {"imagenette": "imagenette2", "imagewoof": "imagewoof2"}
PUBLIC_SETS = {
    "imagenet20": IMAGENETTE_AND_WOOF,
    "imagenet20-mini": IMAGENETTE_AND_WOOF,
    "tiny200": {"tiny-imagenet-200": "tiny-imagenet-200"},
}
"""By model, the sets whose pictures its gallery came without: as `training.fetch` calls them, and the folders that it makes."""


def write(gallery: Gallery, path: str | Path) -> float:
    """Write a gallery as one file; returns its largest error of fc7, as a share of the largest value.

    fc7 is kept in 8 bits, see `in_steps`, so that all of it takes no more than 16 MB. A codes.npz that lies beside it, as beside a model
    that ships, is its encoder, and is not kept twice. See `write_strongest` for what else is written.

    Raises
    ------
    ValueError
        When fc7 goes below zero, as without a ReLU.
    """
    fc7 = np.asarray(gallery.features["fc7"], np.float32)
    if fc7.min() < 0:
        raise ValueError("fc7 of this network goes below zero, which eight bits here cannot; ship no gallery with it.")
    encoder = _packed(gallery.encoders["fc7"])
    counts, scale = in_steps(fc7, LARGEST_BYTES - len(encoder) - BESIDE_BYTES * len(fc7))
    beside = Path(path).with_name(CODES)
    is_beside = beside.exists() and _packed(Encoder.load(beside)) == encoder
    about = {**gallery.about, "source": "", "layers": ["fc7"], "peaks": [], "rejected": []}
    plain: dict[str, Any] = {
        "name": list(gallery.names), "label": gallery.labels, "prediction": gallery.predictions,
        "confidence": gallery.confidences, "number": gallery.numbers,
    }  # fmt: skip
    blocks: dict[str, Any] = {
        "fc7": counts,
        "code": gallery.codes["fc7"],
        **{name: gallery.maps[name] for name in gallery.maps},
    }
    table = pa.table(plain | {name: _rows(array) for name, array in blocks.items()})
    metadata = {
        KEY: json.dumps(about).encode(),
        b"scale": scale.tobytes(),
        **({b"encoder_hash": _hash(beside)} if is_beside else {b"encoder": encoder}),
    }
    with pq.ParquetWriter(
        path, table.schema, compression="zstd", compression_level=LEVEL, use_dictionary=False
    ) as file:
        file.write_table(table)
        file.add_key_value_metadata(metadata)  # a schema's own would be in the file twice
    write_strongest(gallery, Path(path).with_name(STRONGEST_NPZ))
    return float(np.abs(counts * scale - fc7).max() / fc7.max())


def in_steps(fc7: npt.NDArray[np.float32], most_bytes: float) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Numbers from 0 up in whole steps, each unit over its own range, and the size of each unit's steps.

    The finest of `STEPS` that zstd packs into `most_bytes`, judged by a sample, else the coarsest. Zeros pack well: of 10,000
    pictures and 4,096 units a fifth of which answer, 255 steps take 12 MB; where nearly half answer, 63 take 15.

    Parameters
    ----------
    fc7 : ndarray of shape (n, units)
    """
    sample = np.unique(np.linspace(0, len(fc7) - 1, min(SAMPLE, len(fc7))).astype(np.int64))
    largest = np.maximum(fc7.max(0), 1e-6)
    for steps in STEPS:
        scale = (largest / steps).astype(np.float32)
        counts = np.round(fc7 / scale).astype(np.uint8)
        packed = pa.Codec("zstd", LEVEL).compress(counts[sample].tobytes()).size
        if packed * len(fc7) / len(sample) <= most_bytes:
            break
    return counts, scale


def write_strongest(gallery: Gallery, path: str | Path) -> None:
    """Write which pictures drive every unit but fc7's most, where, and how far, in 16 bits; nothing where the gallery does not know."""
    if gallery.strongest is None:
        return
    kept = {key: array for key, array in gallery.strongest.arrays().items() if not key.endswith(" fc7")}
    small = {key: array.astype(_smallest(array)) for key, array in kept.items()}
    marks = {mark.decode(): np.bytes_(value) for mark, value in _marks(gallery.about, gallery.names).items()}
    np.savez_compressed(path, **small, **marks)  # type: ignore[arg-type]  # numpy types allow_pickle alone


def _smallest(array: npt.NDArray[Any]) -> np.dtype[Any]:
    return np.dtype(np.float16) if array.dtype.kind == "f" else np.min_scalar_type(array.max())


def _strongest(path: Path, config: Config, marks: Mapping[bytes, bytes]) -> Strongest | None:
    """What `write_strongest` wrote for these rows; None where it is not there, or another gallery's."""
    if not path.exists():
        return None
    with path.open("rb") as file, np.load(file) as kept:
        if any(mark.decode() not in kept or kept[mark.decode()].item() != value for mark, value in marks.items()):
            return None
        return Strongest.of_arrays([row for row in config.layers if f"values {row.name}" in kept], kept)


def _rows(array: npt.NDArray[Any]) -> pa.Array:
    """One piece of bytes a row."""
    data = np.ascontiguousarray(array)
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(data.nbytes // len(data)), len(data), [None, pa.py_buffer(data.tobytes())]
    )


def _array(column: pa.ChunkedArray, dtype: Any) -> npt.NDArray[Any]:
    whole = column.combine_chunks()
    array: npt.NDArray[Any] = np.frombuffer(whole.buffers()[1], dtype).reshape(len(column), -1)
    return array


def read(path: Path, model: Path, thumbnails: Path | None) -> Gallery:
    """Open such a file; see `Gallery.open`."""
    try:
        table = pq.read_table(path)
        metadata = pq.read_metadata(path).metadata or {}
        about = json.loads(metadata[KEY])
    except (pa.ArrowException, KeyError) as reason:
        raise ValueError(f"{path} is no gallery of this project ({reason}).") from None
    check(about, path, model)
    info, _ = onnx_file.read(model)
    names = table["name"].to_pylist()
    scale = np.frombuffer(metadata[b"scale"], np.float32)
    fc7 = _array(table["fc7"], np.uint8)
    features = np.empty(fc7.shape, np.float16)
    for first in range(0, len(fc7), 1024):
        features[first : first + 1024] = fc7[first : first + 1024] * scale
    flat = FlatIndex(features)
    return Gallery(
        path=path,
        about=about,
        classes=tuple(name for _, name in info.classes),
        features={"fc7": flat.features},
        flat={"fc7": flat},
        encoders={"fc7": _encoder(path, metadata)},
        codes={"fc7": _array(table["code"], np.uint8)},
        maps={name: _array(table[name], np.float32) for name in MAPS if name in table.column_names},
        strongest=_strongest(path.with_name(STRONGEST_NPZ), info.config, _marks(about, names)),
        thumbnails=Thumbnails(thumbnails) if thumbnails and _belong(thumbnails, about, names) else None,
        **columns(table, about),
    )


def _encoder(path: Path, metadata: Mapping[bytes, bytes]) -> Encoder:
    """That in the file, or the one beside it."""
    if b"encoder" in metadata:
        with np.load(io.BytesIO(metadata[b"encoder"])) as arrays:
            return Encoder.from_arrays(arrays)
    beside = path.with_name(CODES)
    if not beside.exists() or _hash(beside) != metadata[b"encoder_hash"]:
        raise ValueError(
            f"{path} needs the {CODES} that it was written beside; put it back, or write the gallery anew."
        )
    return Encoder.load(beside)


def _packed(encoder: Encoder) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **encoder.arrays())  # type: ignore[arg-type]  # numpy types allow_pickle alone
    return file.getvalue()


def _hash(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).hexdigest().encode()


def _marks(about: Mapping[str, Any], names: Sequence[str]) -> dict[bytes, bytes]:
    """What thumbnails have to say of the gallery that they are for: its model and its rows."""
    return {
        b"model_hash": about["model_hash"].encode(),
        b"names_hash": hashlib.sha256(json.dumps(list(names)).encode()).hexdigest().encode(),
    }


def _belong(thumbnails: Path, about: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether a file of thumbnails was written for the gallery of this model and these rows."""
    try:
        kept = pq.read_schema(thumbnails).metadata or {}
    except (pa.ArrowException, OSError):
        return False
    return {mark: kept.get(mark) for mark in _marks(about, names)} == _marks(about, names)


def _stem(name: str, alone: bool) -> str:
    """A file's name without its kind; with its folder's where names alone are not unique."""
    path = Path(name)
    return path.stem if alone else f"{path.parent.name}/{path.stem}"


def find_pictures(
    gallery: Gallery, sources: list[Path], dest: Path, progress: Callable[[str, int, int], None] = lambda *_: None
) -> int:
    """Find a gallery's pictures in sets that the user has, by the files' names, and keep their thumbnails.

    Returns how many there are now, with those of earlier calls; writes `dest` when there is one at least.

    Raises
    ------
    ValueError
        When a source holds no pictures.
    """
    alone = len({Path(name).stem for name in gallery.names}) == len(gallery)
    wanted = {_stem(name, alone): row for row, name in enumerate(gallery.names)}
    known = dest.exists() and _belong(dest, gallery.about, gallery.names)
    found = pq.read_table(dest)["thumbnail"].to_pylist() if known else [None] * len(gallery)

    def make(row: int, data: Callable[[], bytes]) -> None:
        try:
            found[row] = thumbnail_of(preprocess.to_square(preprocess.read_picture(data())))
        except (ValueError, OSError):
            found[row] = None  # as if it were not there

    with ThreadPoolExecutor() as pool:
        for opened in [one for source in sources for one in find_splits(source).values()]:
            waiting = []
            for name, data, _ in opened().pictures():
                row = wanted.get(_stem(name, alone))
                if row is not None and found[row] is None:
                    waiting.append(pool.submit(make, row, data))
                if len(waiting) == AHEAD:
                    for one in waiting:
                        one.result()
                    waiting.clear()
                    progress("thumbnails", sum(one is not None for one in found), len(gallery))
            for one in waiting:
                one.result()
    count = sum(one is not None for one in found)
    if count:
        dest.parent.mkdir(parents=True, exist_ok=True)
        temporary = dest.with_suffix(".part")
        table = pa.table({"thumbnail": pa.array(found, pa.binary())}, metadata=_marks(gallery.about, gallery.names))
        pq.write_table(table, temporary, row_group_size=ROWS_A_GROUP)
        temporary.replace(dest)
    return count
