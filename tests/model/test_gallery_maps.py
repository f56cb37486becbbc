"""Maps: reproducible, of every picture, and a new picture where its neighbours are, weighted as UMAP weighs them."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.gallery import maps
from model.gallery.maps import _made, compute, memberships, place


def blobs(count: int = 90) -> np.ndarray:
    chance = np.random.default_rng(0)
    return (10 * np.eye(3, 20)[np.arange(count) % 3] + chance.standard_normal((count, 20))).astype(np.float16)


@pytest.mark.slow
def test_umap_keeps_clusters_together() -> None:
    features, told = blobs(), []
    places, about = compute(features, progress=lambda done, total: told.append((done, total)))
    assert {name: array.shape for name, array in places.items()} == {
        "umap2": (90, 2), "umap3": (90, 3), "pca2": (90, 2), "pca3": (90, 3),
    }  # fmt: skip
    for array in places.values():
        middles = np.stack([array[i::3].mean(0) for i in range(3)])
        nearest = np.linalg.norm(array[:, None] - middles, axis=2).argmin(1)
        assert (nearest == np.arange(90) % 3).all()
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, 400), (400, 400))
    assert {done for done, _ in told} >= set(range(200))  # every percent of UMAP's epochs, however fast they pass
    assert about["points"] == 90
    assert 0.8 < about["trustworthiness"]["umap2"] <= 1
    again, _ = compute(features)
    assert (again["umap3"] == places["umap3"]).all()  # the seed decides


def test_finished_maps_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(blobs(40)[:14], progress=stop, folder=tmp_path)
    made = []

    def counted(points: Any, name: str, *rest: Any) -> Any:
        made.append(name)
        return _made(points, name, *rest)

    monkeypatch.setattr(maps, "_made", counted)
    places, about = compute(blobs(40)[:14], folder=tmp_path)
    assert made == ["pca3"]
    assert (places["pca2"] == compute(blobs(40)[:14])[0]["pca2"]).all()
    assert about["trustworthiness"] == {}


def test_pca_by_singular_values() -> None:
    features = blobs(12)
    places, about = compute(features, seed=3)
    assert {name: about[name] for name in ("of", "n_neighbors", "min_dist", "seed", "points")} == {
        "of": "fc7", "n_neighbors": 15, "min_dist": 0.1, "seed": 3, "points": 12,
    }  # fmt: skip
    assert about["versions"]["umap-learn"] == version("umap-learn")
    centred = features.astype(np.float64) - features.astype(np.float64).mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(places["pca2"]), np.abs(left[:, :2] * values[:2]), atol=1e-3)
    assert set(places) == {"pca2", "pca3"}  # too few for UMAP


def test_some_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "MAX_POINTS", 10)
    places, about = compute(blobs(90))
    assert np.isfinite(places["pca2"]).all(1).sum() == about["points"] == 10


def test_one_and_two_pictures() -> None:
    assert compute(blobs(1))[0]["pca3"].tolist() == [[0, 0, 0]]
    assert compute(blobs(2))[0]["pca2"].shape == (2, 2)


@pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")
def test_memberships_are_umaps() -> None:
    """Against umap-learn's own sigma and rho."""
    from umap.umap_ import smooth_knn_dist

    distances = np.sort(np.random.default_rng(1).uniform(1, 5, 15))
    sigma, rho = smooth_knn_dist(
        np.concatenate([[0], distances])[None].astype(np.float32), 15.0, local_connectivity=1.0
    )
    expected = np.exp(-np.maximum(distances - rho[0], 0) / sigma[0])
    ours = memberships(distances)
    assert ours.sum() == pytest.approx(np.log2(15), rel=1e-6)
    np.testing.assert_allclose(ours / ours.sum(), expected / expected.sum(), rtol=0.05, atol=5e-3)


def test_place_by_hand() -> None:
    positions = np.asarray([[0, 0], [4, 0], [np.nan, np.nan]], np.float32)
    assert place(positions[:1], np.asarray([9.0])).tolist() == [0, 0]
    assert place(positions, np.asarray([1.0, 1.0, 1.0])).tolist() == [2, 0]  # equally near; the third has no place
    assert np.isnan(place(positions[2:], np.asarray([1.0]))).all()
    nearer = place(positions[:2].repeat(2, 0), np.asarray([1.0, 1.1, 9.0, 9.5]))
    assert nearer[0] < 2
