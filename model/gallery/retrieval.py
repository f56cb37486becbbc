"""How good a search is: what it finds of the true neighbours, and whether like brings like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Distances = npt.NDArray[Any]
BLOCK = 256


def euclidean(features: npt.NDArray[Any], queries: npt.NDArray[Any]) -> Iterator[Distances]:
    """Squared distances of every query to every row, float32 (some queries, n) at a time; order is what they are for."""
    rows = np.asarray(features, np.float32)
    norms = np.einsum("ij,ij->i", rows, rows)
    for first in range(0, len(queries), BLOCK):
        block = np.asarray(queries[first : first + BLOCK], np.float32)
        yield norms - 2 * (block @ rows.T) + np.einsum("ij,ij->i", block, block)[:, None]


def hamming(codes: npt.NDArray[np.uint8], queries: npt.NDArray[np.uint8]) -> Iterator[Distances]:
    """Differing bits of every query to every row, (some queries, n) at a time."""
    signs = np.unpackbits(codes, axis=1).astype(np.float32) * 2 - 1
    for first in range(0, len(queries), BLOCK):
        block = np.unpackbits(queries[first : first + BLOCK], axis=1).astype(np.float32) * 2 - 1
        yield np.round((signs.shape[1] - block @ signs.T) / 2)


def class_figures(
    distances: Callable[[], Iterator[Distances]],
    labels: npt.NDArray[Any],
    query_labels: npt.NDArray[Any],
    k: int = 6,
    own: bool = False,
) -> tuple[float, float]:
    """Share of the k nearest with the query's class, and mean average precision over the whole ranking; 0..1 both.

    Equal distances count in row order. With `own`, query i is row i and does not find itself.
    """
    shares, precisions, first = [], [], 0
    for block in distances():
        if own:
            block[np.arange(len(block)), first + np.arange(len(block))] = np.inf
        order = np.argsort(block, axis=1, kind="stable")
        if own:
            order = order[:, :-1]
        relevant = labels[order] == query_labels[first : first + len(block), None]
        shares.append(relevant[:, :k].mean(1))
        precisions.append(average_precision(relevant))
        first += len(block)
    return float(np.concatenate(shares).mean()), float(np.concatenate(precisions).mean())


def average_precision(relevant: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Of rankings (queries, n): the mean, over the relevant ones, of the share of relevant ones up to there."""
    hits = relevant.cumsum(1)
    precision = hits / np.arange(1, relevant.shape[1] + 1)
    mean: npt.NDArray[np.float64] = (precision * relevant).sum(1) / np.maximum(hits[:, -1], 1)
    return mean


def nearest_rows(distances: Iterator[Distances], k: int) -> npt.NDArray[np.int64]:
    """(queries, k), nearest first, ties by row."""
    return np.concatenate([np.argsort(block, axis=1, kind="stable")[:, :k] for block in distances])


def recall(true: npt.NDArray[np.int64], found: npt.NDArray[np.int64]) -> float:
    """Share of the true neighbours (queries, k) that are among those found (queries, depth)."""
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(true, found, strict=True)]))
