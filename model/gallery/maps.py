"""A picture set as points in the plane and in space: UMAP and principal components of fc7, and where a new picture lies."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_POINTS = 50_000
FEWEST_FOR_UMAP = 16
NEIGHBOURS, MIN_DIST = 15, 0.1
TRUST_ROWS, TRUST_NEIGHBOURS = 5_000, 12
Places = npt.NDArray[np.float32]


def compute(
    features: npt.NDArray[Any], seed: int = 0, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[dict[str, Places], dict[str, Any]]:
    """Positions of every picture, and how they came to be.

    Of more than 50,000 pictures as many, spread evenly, get a place; the others' is not a number. Fewer than 16 have
    principal components only.

    Parameters
    ----------
    features : ndarray of shape (n, units)
    progress : callable
        Told (steps done, steps in all).

    Returns
    -------
    "umap2", "umap3", "pca2", "pca3": float32 (n, 2 or 3); and parameters, versions and trustworthiness (0..1: how far the
    neighbours on the map are neighbours in fc7, among 12 and at most 5,000 pictures; Venna and Kaski 2001).
    """
    from sklearn.decomposition import PCA  # slow to import, and wanted only while building
    from sklearn.manifold import trustworthiness

    rows = _spread(len(features), MAX_POINTS)
    points = features[rows].astype(np.float32)
    methods: dict[str, Callable[[int], Any]] = {"pca": lambda count: PCA(count, random_state=seed)}
    if len(points) >= FEWEST_FOR_UMAP:
        methods = {"umap": lambda count: _umap(count, len(points), seed)} | methods
    places: dict[str, Places] = {}
    trust = {}
    sample = _spread(len(points), TRUST_ROWS)
    steps = [(name, count) for name in methods for count in (2, 3)]
    for done, (name, count) in enumerate(steps):
        progress(done, len(steps))
        possible = min(count, *points.shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # umap says that a seed keeps it from using all cores
            found = methods[name](possible).fit_transform(points)
        placed = np.zeros((len(points), count), np.float32)
        placed[:, :possible] = found
        whole = np.full((len(features), count), np.nan, np.float32)
        whole[rows] = placed
        places[f"{name}{count}"] = whole
        if len(sample) > 2 * TRUST_NEIGHBOURS:
            value = trustworthiness(points[sample], placed[sample], n_neighbors=TRUST_NEIGHBOURS)
            trust[f"{name}{count}"] = round(float(value), 4)
    progress(len(steps), len(steps))
    return places, {
        "of": "fc7", "metric": "euclidean", "n_neighbors": NEIGHBOURS, "min_dist": MIN_DIST, "seed": seed,
        "points": len(points), "trustworthiness": trust, "trustworthiness_rows": len(sample),
        "versions": {name: version(name) for name in ("umap-learn", "scikit-learn", "numpy")},
    }  # fmt: skip


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _umap(count: int, points: int, seed: int) -> Any:
    import umap  # compiles itself for seconds

    return umap.UMAP(
        n_components=count, n_neighbors=min(NEIGHBOURS, points - 1), min_dist=MIN_DIST, metric="euclidean",
        random_state=seed, n_jobs=1,
    )  # fmt: skip


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
