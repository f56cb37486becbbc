"""The nearest of many pictures: exactly, or by short codes first and true distances after.

Distances are squared Euclidean, as in the 2012 code's `findsimilar.py`; between codes, the number of bits that differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK_BYTES = 16 << 20  # of features read at once
READ_ROWS = 64  # half a megabyte of fc7: memory that is handed out again and again, not asked of the system
TIES = 16  # so many at one distance are still told apart by their rows


@dataclass(frozen=True)
class Neighbour:
    """One row of a gallery and how far it is."""

    row: int
    distance: float


def exact(features: npt.NDArray[Any], query: npt.NDArray[np.float32], k: int = 6) -> tuple[Neighbour, ...]:
    """The k nearest rows by squared Euclidean distance, nearest first, ties by row; all of them when there are fewer.

    Parameters
    ----------
    features : ndarray of shape (n, units)
        float16, float32 or uint8; a memory map is read in blocks.
    query : ndarray of shape (units,)
    """
    _check(features, query, k)
    block = max(1, BLOCK_BYTES // features[:1].nbytes)
    parts = (np.arange(first, min(first + block, len(features))) for first in range(0, len(features), block))
    return _nearest(((rows, features[rows[0] : rows[-1] + 1]) for rows in parts), query, k)


class FlatIndex:
    """Features in FAISS's own memory, searched exactly: three times as fast as `exact`, which copies them for every query."""

    def __init__(self, features: npt.NDArray[np.float16]) -> None:
        """Take features of shape (n, units), float16; `features` is the only copy that stays."""
        self._index = _flat(features)
        codes = _faiss().rev_swig_ptr(self._index.codes.data(), features.nbytes)
        self.features: npt.NDArray[np.float16] = codes.view(np.float16).reshape(features.shape)
        """(n, units), read only: the numbers where FAISS keeps them, so this index has to stay as long as they are used."""
        self.features.flags.writeable = False

    def nearest(self, query: npt.NDArray[np.float32], k: int = 6) -> tuple[Neighbour, ...]:
        """As `exact`."""
        _check(self.features, query, k)
        return _first(_measured(self._index, query, k), k)


class CodeIndex:
    """Binary codes, scanned whole by FAISS: 50,000 of 256 bits in a third of a millisecond."""

    def __init__(self, codes: npt.NDArray[np.uint8]) -> None:
        """Take codes of shape (n, bits / 8)."""
        self.bits = 8 * codes.shape[1]
        self._index: Any = _faiss().IndexBinaryFlat(self.bits)
        self._index.use_heap = False  # it counts distances instead: as fast for 2,000 neighbours as for one
        self._index.add(np.ascontiguousarray(codes))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, code: npt.NDArray[np.uint8], k: int) -> tuple[Neighbour, ...]:
        """The k rows whose codes differ from `code`, (bits / 8,), in the fewest bits, ties by row."""
        distances, rows = self.scan(code, k)
        order = np.lexsort((rows, distances))
        return tuple(Neighbour(int(rows[i]), float(distances[i])) for i in order)

    def scan(self, code: npt.NDArray[np.uint8], k: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Distances and rows of the k nearest codes, in no promised order among equals."""
        if code.shape != (self.bits // 8,):
            raise ValueError(f"A code of {8 * code.size} bits among codes of {self.bits}; encode it the same way.")
        distances, rows = self._index.search(np.ascontiguousarray(code)[None], min(k, len(self)))
        return distances[0], rows[0]


def depth_for(count: int) -> int:
    """How many of the nearest codes are measured truly among `count` pictures: 500 of 50,000, 2,000 of a million."""
    return int(min(max(500 * (count / 50_000) ** 0.5, 500), 2000))


def reranked(
    features: npt.NDArray[Any],
    index: CodeIndex,
    query: npt.NDArray[np.float32],
    code: npt.NDArray[np.uint8],
    k: int = 6,
    depth: int | None = None,
    among: npt.NDArray[np.int64] | None = None,
) -> tuple[Neighbour, ...]:
    """The k nearest of those `depth` rows whose codes are nearest, by their true distance.

    Only those rows are read. What it misses of `exact` is for `depth` to decide; `depth_for` says how many are enough.
    `among` are the rows that the index holds, where it does not hold all.
    """
    _check(features, query, k)
    found = index.scan(code, max(depth or depth_for(len(index)), k))[1]
    rows = np.sort(found if among is None else among[found])  # in the file's order
    parts = np.split(rows, range(READ_ROWS, len(rows), READ_ROWS))
    return _nearest(((part, _read(features, part)) for part in parts), query, k)


def _read(features: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Some rows; of a file they are read, not mapped, or every page near them would count as this process's memory."""
    if not isinstance(features, np.memmap) or not features.flags.c_contiguous or not hasattr(os, "preadv"):
        return features[rows]
    found = np.empty((len(rows), features.shape[1]), features.dtype)
    size = features.strides[0]
    with open(str(features.filename), "rb", buffering=0) as file:
        for row, place in zip(rows.tolist(), found, strict=True):
            os.preadv(file.fileno(), [place], features.offset + row * size)
    return found


def _nearest(
    blocks: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]], query: npt.NDArray[np.float32], k: int
) -> tuple[Neighbour, ...]:
    """The k nearest among blocks of rows."""
    parts = [(rows, *_measured(_flat(block), query, k)) for rows, block in blocks]
    distances = np.concatenate([distances for _, distances, _ in parts])
    return _first((distances, np.concatenate([rows[places] for rows, _, places in parts])), k)


def _flat(block: npt.NDArray[Any]) -> Any:
    """An index of features as they are. FAISS reads 16-bit floats; NumPy would take ten times as long to widen them."""
    faiss = _faiss()
    if block.dtype == np.float16:
        index = faiss.IndexScalarQuantizer(block.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_L2)
        index.add_sa_codes(np.ascontiguousarray(block).view(np.uint8).reshape(len(block), -1))
    else:
        index = faiss.IndexFlatL2(block.shape[1])
        index.add(np.ascontiguousarray(block, np.float32))
    return index


def _measured(index: Any, query: npt.NDArray[np.float32], k: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Distances and places of the k nearest and some more, from differences: |q|^2 + |x|^2 - 2 q.x would lose small ones."""
    asked = np.ascontiguousarray(query, np.float32)[None]
    distances, places = index.search(asked, min(k + TIES, index.ntotal))
    return distances[0], places[0]


def _first(found: tuple[npt.NDArray[Any], npt.NDArray[Any]], k: int) -> tuple[Neighbour, ...]:
    """The k first of distances and rows, ties by row."""
    distances, rows = found
    order = np.lexsort((rows, distances))[:k]
    return tuple(map(Neighbour, rows[order].tolist(), distances[order].tolist()))


@cache
def _faiss() -> Any:
    """FAISS, imported where something is searched; one query has nothing for a second thread, which would only wait busily."""
    import faiss

    faiss.omp_set_num_threads(1)
    return faiss


def _check(features: npt.NDArray[Any], query: npt.NDArray[np.float32], k: int) -> None:
    if query.shape != features.shape[1:]:
        raise ValueError(f"A query of {query.size} numbers among features of {features.shape[1]}; take the same layer.")
    if k < 1:
        raise ValueError(f"{k} neighbours cannot be found; ask for one at least.")
