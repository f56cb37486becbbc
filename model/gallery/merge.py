"""From parts to a gallery: one file an array, codes, the map; `gallery.json` last, since it says that all is there."""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model.explorer import Explorer
from model.gallery import maps
from model.gallery.codes import CODES, Encoder
from model.gallery.parts import peaked, words_of
from model.gallery.store import ABOUT, PICTURES, ROWS_A_GROUP, relative
from model.gallery.strongest import STRONGEST_NPZ, Strongest
from model.gallery.whole import write_whole
from model.picture_set import PictureSet

Progress = Callable[[str, int, int], None]
MOST_LEFT_OUT = 100  # named of those files that are not of the set


def part_files(parts: Path) -> list[Path]:
    """The finished parts, in order."""
    return sorted(parts.glob("[0-9]*.npz"))


def put_together(
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
    peaks = peaked(explorer.config, about["layers"])
    names = {f"features {name}": name for name in about["layers"]} | {"pixels": "pixels"}
    names |= {f"peaks {name}": f"peaks_{name}" for name in peaks}
    rejected = _merge(explorer, part_files(parts), dest, names, progress)
    layers = [*about["layers"], "pixels"]
    for done, layer in enumerate(layers):
        progress("codes", done, len(layers))
        features = np.load(dest / f"{layer}.npy", mmap_mode="r")
        learned = model.parent / CODES
        encoder = Encoder.load(learned) if layer == "fc7" and learned.exists() else Encoder.fit(features)
        encoder.save(dest / f"encoder_{layer}.npz")
        np.save(dest / f"codes_{layer}.npy", encoder.encode(features))
    places: dict[str, npt.NDArray[np.float32]] = {}
    told: dict[str, Any] = {}
    if with_map:
        fc7 = np.load(dest / "fc7.npy", mmap_mode="r")
        places, told = maps.compute(fc7, progress=lambda done, total: progress("map", done, total), folder=parts)
        for name, array in places.items():
            np.save(dest / f"map_{name}.npy", array)
    packages = {name: version(name) for name in ("numpy", "onnxruntime-gpu", "umap-learn") if _installed(name)}
    whole = {
        **about, "class_ids": found.class_ids, "peaks": peaks, "maps": list(places), "map": told,
        "rejected": rejected, "num_left_out": len(found.left_out),
        "left_out": [relative(name, about["source"]) for name in found.left_out[:MOST_LEFT_OUT]], "device": explorer.device, "python": platform.python_version(), "packages": packages,
    }  # fmt: skip
    write_whole(dest / ABOUT, json.dumps(whole, indent=1).encode())
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
            words = words_of(part["rejected"])
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
    np.savez(dest / STRONGEST_NPZ, **strongest.arrays())  # type: ignore[arg-type]  # numpy types allow_pickle alone
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
    return pa.table({"name": words_of(part["name"]), **columns, "thumbnail": thumbnails}, schema=_schema())
