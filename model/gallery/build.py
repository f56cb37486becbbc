"""From a picture set to a gallery on disk, part by part: what is done stays done, and several processes may share the work."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.explorer import Explorer
from model.gallery.merge import Progress, part_files, put_together
from model.gallery.parts import make_part
from model.gallery.store import ABOUT, VERSION, Gallery, file_hash
from model.gallery.whole import write_arrays, write_whole
from model.picture_set import PictureSet, find_any

LAYERS = ("pool5", "fc6", "fc7")
PART = 128
POLL_SECONDS, MOST_WAIT_SECONDS = 0.5, 3600

SETTINGS = {
    "version": "version of this program", "model_hash": "model", "source": "source", "split": "split",
    "fingerprint": "state of the pictures", "layers": "choice of layers", "num_wanted": "number of pictures",
    "part": "size of a part",
}  # fmt: skip


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
    split: str = "",
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
    split : str, optional
        Which of the source's splits, where it has several: "train", "val" or "test".
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
    source = Path(source).expanduser().resolve()
    found = find_any(source, split)
    explorer = Explorer.open(model, device, share.local_rank)
    unknown = set(layers) - {row.name for row in explorer.config.layers}
    if unknown:
        raise ValueError(f"This network has no layer {', '.join(sorted(unknown))}; choose among {', '.join(LAYERS)}.")
    wanted = _spread(found, limit)
    about = {
        "version": VERSION,
        "model": model.parent.name,
        "model_hash": file_hash(model),
        "source": str(source),
        "split": split,
        "fingerprint": found.fingerprint,
        "layers": sorted({*layers, "fc7"}),
        "num_wanted": len(wanted),
        "part": PART,
        "detail_px": explorer.info.detail_px,
    }
    parts = _begin(dest, about)
    if not (dest / ABOUT).exists():
        _run_parts(explorer, found, wanted, parts, about, share, progress)
        if share.rank:
            return None
        _wait(parts, -(-len(wanted) // PART))
        put_together(explorer, found, dest, parts, about, model, progress, with_map)
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
        write_whole(dest / "parts" / "settings.json", json.dumps(about).encode())
        return dest / "parts"
    if others := [words for name, words in SETTINGS.items() if began.get(name) != about[name]]:
        raise ValueError(
            f"{dest} was begun with another {' and '.join(others)}; name a new folder, or delete that one."
        )
    return dest / "parts"


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
                arrays = make_part(explorer, found, numbers[i], about, pool, tell)
                write_arrays(path, arrays)
            done += len(numbers[i])
            progress("pictures", done, total)


def _tell(progress: Progress, before: int, total: int, done: int) -> None:
    progress("pictures", before + done, total)


def _wait(parts: Path, count: int) -> None:
    """Until the other processes' parts are there too; not for ever if one of them has died."""
    done, since = -1, time.monotonic()
    while (now := len(part_files(parts))) < count:
        if now > done:
            done, since = now, time.monotonic()
        if time.monotonic() - since > MOST_WAIT_SECONDS:
            raise ValueError(
                "No other process has finished a part for an hour; start the same command again, it goes on."
            )
        time.sleep(POLL_SECONDS)
