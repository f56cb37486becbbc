"""A picture set as points in the plane and in space: UMAP and principal components of fc7, and where a new picture lies."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.gallery.whole import write_arrays

MAX_POINTS = 50_000
FEWEST_FOR_UMAP = 16
NEIGHBOURS, MIN_DIST = 15, 0.1
TRUST_ROWS, TRUST_NEIGHBOURS = 5_000, 12
Places = npt.NDArray[np.float32]


def compute(
    features: npt.NDArray[Any],
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    folder: Path | None = None,
) -> tuple[dict[str, Places], dict[str, Any]]:
    """Positions of every picture, and how they came to be.

    Of more than 50,000 pictures as many, spread evenly, get a place; the others' is not a number. Fewer than 16 have
    principal components only.

    Parameters
    ----------
    features : ndarray of shape (n, units)
    progress : callable
        Told (per cent of all maps together, 100 times their number).
    folder : path, optional
        Where each finished map is kept, and taken from by the same call begun again.

    Returns
    -------
    "umap2", "umap3", "pca2", "pca3": float32 (n, 2 or 3); and parameters, versions and trustworthiness (0..1: how far the
    neighbours on the map are neighbours in fc7, among 12 and at most 5,000 pictures; Venna and Kaski 2001).
    """
    rows = _spread(len(features), MAX_POINTS)
    points = features[rows].astype(np.float32)
    methods = ("umap", "pca") if len(points) >= FEWEST_FOR_UMAP else ("pca",)
    names = [f"{method}{count}" for method in methods for count in (2, 3)]
    sample = _spread(len(points), TRUST_ROWS)
    places: dict[str, Places] = {}
    trust = {}
    for done, name in enumerate(names):
        tell = partial(_tell, progress, done, len(names))
        tell(0)
        kept = folder / f"map_{name}.npz" if folder else None
        placed, value = _read(kept) if kept and kept.exists() else _made(points, name, seed, sample, tell)
        if kept:
            write_arrays(kept, {"places": placed, "trust": np.array(value)})
        places[name] = np.full((len(features), placed.shape[1]), np.nan, np.float32)
        places[name][rows] = placed
        if np.isfinite(value):
            trust[name] = round(value, 4)
    progress(100 * len(names), 100 * len(names))
    return places, {
        "of": "fc7", "metric": "euclidean", "n_neighbors": NEIGHBOURS, "min_dist": MIN_DIST, "seed": seed,
        "points": len(points), "trustworthiness": trust, "trustworthiness_rows": len(sample),
        "versions": {name: version(name) for name in ("umap-learn", "scikit-learn", "numpy")},
    }  # fmt: skip


def _tell(progress: Callable[[int, int], None], before: int, total: int, percent: int) -> None:
    progress(100 * before + percent, 100 * total)


def _read(kept: Path) -> tuple[Places, float]:
    with np.load(kept) as arrays:
        return arrays["places"], float(arrays["trust"])


def _made(
    points: Places, name: str, seed: int, sample: npt.NDArray[np.int64], tell: Callable[[int], None]
) -> tuple[Places, float]:
    """Places of all points on one map, and its trustworthiness; that is not a number for a few."""
    from sklearn.decomposition import PCA  # slow to import, and wanted only while building
    from sklearn.manifold import trustworthiness

    count = int(name[-1])
    possible = min(count, *points.shape)
    placed = np.zeros((len(points), count), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap says that a seed keeps it from using all cores
        umap = name.startswith("umap")
        method = _umap(possible, len(points), seed, tell) if umap else PCA(possible, random_state=seed)
        placed[:, :possible] = method.fit_transform(points)
    if len(sample) <= 2 * TRUST_NEIGHBOURS:
        return placed, float("nan")
    return placed, float(trustworthiness(points[sample], placed[sample], n_neighbors=TRUST_NEIGHBOURS))


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _umap(count: int, points: int, seed: int, tell: Callable[[int], None]) -> Any:
    import umap  # compiles itself for seconds

    bar = {"disable": False, "file": Percent(tell), "bar_format": "{percentage:.0f}", "mininterval": 0}
    return umap.UMAP(
        n_components=count, n_neighbors=min(NEIGHBOURS, points - 1), min_dist=MIN_DIST, metric="euclidean",
        random_state=seed, n_jobs=1, tqdm_kwds=bar,
    )  # fmt: skip


class Percent:
    """Where UMAP's bar of epochs is written to: hands on every new percentage."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell, self.last = tell, 0

    def write(self, text: str) -> None:
        if (word := text.strip()).isdigit() and (percent := min(99, int(word))) > self.last:
            self.last = percent
            self.tell(percent)

    def flush(self) -> None:
        """Nothing is held back."""


def place(positions: Places, squared: npt.NDArray[np.floating]) -> Places:
    """Where a new picture lies: the mean of its neighbours' places, weighted as UMAP weighs its edges.

    Parameters
    ----------
    positions : ndarray of shape (k, 2 or 3)
        Of its nearest pictures in fc7, nearest first; those without a place do not count.
    squared : ndarray of shape (k,)
        Their squared distances.
    """
    known = np.isfinite(positions).all(1)
    if not known.any():
        return np.full(positions.shape[1], np.nan, np.float32)
    weights = memberships(np.sqrt(squared[known].astype(np.float64)))
    mean: Places = (weights @ positions[known] / weights.sum()).astype(np.float32)
    return mean


def memberships(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """UMAP's weights of the nearest neighbours: exp(-(d - rho) / sigma), which add up to log2(k) (McInnes 2018, section 3.1).

    Parameters
    ----------
    distances : ndarray of shape (k,)
        Nearest first.
    """
    beyond = np.maximum(distances - distances[0], 0)
    if len(distances) < 3 or not beyond.any():
        return np.ones(len(distances))
    low, high = 1e-12, float(beyond.max())
    while np.exp(-beyond / high).sum() < np.log2(len(distances)):
        high *= 2
    for _ in range(64):
        middle = (low + high) / 2
        too_small = np.exp(-beyond / middle).sum() < np.log2(len(distances))
        low, high = (middle, high) if too_small else (low, middle)
    weights: npt.NDArray[np.float64] = np.exp(-beyond / high)
    return weights
