"""Nearest neighbours against brute force in float64, codes against their definition, retrieval figures by hand."""

from pathlib import Path

import numpy as np
import pytest

from model.gallery.codes import Encoder
from model.gallery.retrieval import average_precision, class_figures, euclidean, hamming, nearest_rows, recall
from model.gallery.search import CodeIndex, FlatIndex, Neighbour, depth_for, exact, reranked
from model.gallery.shared import Shared, overlap, shared_units


def clustered(count: int = 3000, units: int = 64, seed: int = 0) -> np.ndarray:
    """Non-negative float16 features in clusters, many of them zero."""
    chance = np.random.default_rng(seed)
    middles = chance.standard_normal((30, units)) * 3
    return np.maximum(middles[chance.integers(0, 30, count)] + chance.standard_normal((count, units)), 0).astype(
        np.float16
    )


def brute(features: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    distances = ((features.astype(np.float64) - query) ** 2).sum(1)
    return [int(row) for row in np.argsort(distances, kind="stable")[:k]]


def test_exact_by_hand() -> None:
    points = np.asarray([[0, 0], [3, 4], [1, 0], [0, 1]], np.float32)
    found = exact(points, np.zeros(2, np.float32), 3)
    assert found == (Neighbour(0, 0.0), Neighbour(2, 1.0), Neighbour(3, 1.0))  # equals in row order
    assert exact(points, np.zeros(2, np.float32), 9)[3] == Neighbour(1, 25.0)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.uint8])
def test_exact_of_a_memory_map(kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.gallery.search.BLOCK_BYTES", 2 * 64 * 100)  # a hundred rows or less at once
    np.save(tmp_path / "x.npy", (clustered() * (1 if kind != np.uint8 else 9)).astype(kind))
    features = np.load(tmp_path / "x.npy", mmap_mode="r")
    for row in (0, 999, 2999):
        query = features[row].astype(np.float32) + np.float32(0.25)
        found = exact(features, query, 12)
        assert [one.row for one in found] == brute(features, query, 12)
        assert found[0].distance == pytest.approx(64 / 16, rel=1e-6)  # 64 differences of a quarter


def test_kept_features_are_searched_exactly() -> None:
    """Against brute force in float64; 64 differences of a quarter, as above. The index holds the only copy of the numbers."""
    features = clustered()
    index = FlatIndex(features.copy())
    assert (index.features == features).all()
    assert not index.features.flags.writeable
    for row in (0, 999, 2999):
        query = features[row].astype(np.float32) + np.float32(0.25)
        found = index.nearest(query, 12)
        assert [one.row for one in found] == brute(features, query, 12)
        assert found[0].distance == pytest.approx(64 / 16, rel=1e-6)
        assert found == exact(features, query, 12)
    assert len(index.nearest(features[0].astype(np.float32), 4000)) == 3000
    twice = FlatIndex(np.asarray([[0, 1], [3, 4], [1, 0], [0, 0]], np.float16))
    assert twice.nearest(np.zeros(2, np.float32), 3) == (Neighbour(3, 0.0), Neighbour(0, 1.0), Neighbour(2, 1.0))
    with pytest.raises(ValueError, match="take the same layer"):
        index.nearest(np.zeros(3, np.float32))


def test_near_rows_are_told_apart() -> None:
    """Large features that differ in little: from the norms and products float32 could not say which is nearer."""
    features = np.full((3, 512), 30000, np.float32)
    features[1, 0] += 1
    features[2, 0] += 2
    assert [one.distance for one in exact(features, features[2], 3)] == [0, 1, 4]


def test_code_index() -> None:
    codes = np.asarray([[0b11110000, 0], [0b11110001, 0], [0, 0], [0b11110000, 0]], np.uint8)
    index = CodeIndex(codes)
    assert (len(index), index.bits) == (4, 16)
    found = index.nearest(np.asarray([0b11110000, 0], np.uint8), 4)
    assert found == (Neighbour(0, 0.0), Neighbour(3, 0.0), Neighbour(1, 1.0), Neighbour(2, 4.0))
    with pytest.raises(ValueError, match="A code of 8 bits among codes of 16"):
        index.nearest(np.zeros(1, np.uint8), 1)


@pytest.mark.parametrize("mapped", [False, True])
def test_reranked_is_exact_among_its_candidates(mapped: bool, tmp_path: Path) -> None:
    features = clustered()
    if mapped:
        np.save(tmp_path / "x.npy", features)
        features = np.load(tmp_path / "x.npy", mmap_mode="r")
    encoder = Encoder.fit(features, bits=64)
    index = CodeIndex(encoder.encode(features))
    hits = []
    for row in range(0, 3000, 100):
        query = features[row].astype(np.float32)
        code = encoder.encode(query[None])[0]
        assert reranked(features, index, query, code, 6, depth=3000) == exact(features, query, 6)
        some = reranked(features, index, query, code, 6, depth=200)
        candidates = np.sort(index.scan(code, 200)[1])
        assert [one.row for one in some] == candidates[brute(features[candidates], query, 6)].tolist()
        among = np.arange(1, 3000, 3)
        fewer = reranked(features, CodeIndex(encoder.encode(features[among])), query, code, 6, depth=1000, among=among)
        assert [one.row for one in fewer] == among[brute(features[among], query, 6)].tolist()
        hits.append(overlap([one.row for one in exact(features, query, 6)], [one.row for one in some]))
    assert np.mean(hits) > 0.9


def test_depth_grows_with_the_gallery() -> None:
    assert [depth_for(count) for count in (1, 50_000, 200_000, 1_281_167)] == [500, 500, 1000, 2000]
    features = clustered()
    encoder = Encoder.fit(features, bits=64)
    index, query = CodeIndex(encoder.encode(features)), features[3].astype(np.float32)
    code = encoder.encode(query[None])[0]
    assert reranked(features, index, query, code) == reranked(features, index, query, code, depth=500)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="A query of 3 numbers among features of 2; take the same layer"):
        exact(np.zeros((4, 2), np.float32), np.zeros(3, np.float32), 1)
    with pytest.raises(ValueError, match="0 neighbours cannot be found"):
        exact(np.zeros((4, 2), np.float32), np.zeros(2, np.float32), 0)
    with pytest.raises(ValueError, match="this encoder reads"):
        Encoder.fit(clustered(), 64).encode(np.zeros((1, 3), np.float32))


def test_pca_signs_by_their_definition() -> None:
    """The code's sums are a rotation of the centred principal components: lengths within those stay as they were."""
    features = clustered()
    encoder = Encoder.fit(features, bits=64, seed=3)  # as many bits as units: all components
    sums = features.astype(np.float64) @ encoder.weights + encoder.biases
    centred = features.astype(np.float64) - features.astype(np.float64).mean(0)
    np.testing.assert_allclose(np.linalg.norm(sums, axis=1), np.linalg.norm(centred, axis=1), rtol=5e-3)
    bits = np.unpackbits(encoder.encode(features), axis=1)
    assert (bits == (features.astype(np.float32) @ encoder.weights + encoder.biases > 0)).all()
    assert 0.35 < bits.mean(0).min() <= bits.mean(0).max() < 0.65


def test_encoder_file(tmp_path: Path) -> None:
    encoder = Encoder.fit(clustered(), 64)
    encoder.save(tmp_path / "codes.npz")
    again = Encoder.load(tmp_path / "codes.npz")
    assert (again.name, again.bits) == ("pca-sign", 64)
    assert (again.encode(clustered(seed=1)) == encoder.encode(clustered(seed=1))).all()
    (tmp_path / "bad.npz").write_bytes(b"x")
    with pytest.raises(ValueError, match="is no encoder of this project"):
        Encoder.load(tmp_path / "bad.npz")


@pytest.mark.parametrize(("count", "units", "bits"), [(20, 64, 256), (300, 2000, 256), (40, 8, 64)])
def test_more_bits_than_components(count: int, units: int, bits: int) -> None:
    features = np.random.default_rng(0).standard_normal((count, units)).astype(np.float32)
    codes = Encoder.fit(features, bits).encode(features)
    assert codes.shape == (count, bits // 8)
    assert len(np.unique(codes, axis=0)) > 0.9 * count


def test_average_precision_by_hand() -> None:
    relevant = np.asarray([[True, False, True, False], [False, False, False, True]])
    assert average_precision(relevant).tolist() == pytest.approx([(1 + 2 / 3) / 2, 1 / 4])


def test_retrieval_figures_by_hand() -> None:
    points = np.asarray([[0.0], [1], [3], [7]], np.float32)
    labels = np.asarray([0, 0, 1, 1])
    assert nearest_rows(euclidean(points, points[:1]), 4).tolist() == [[0, 1, 2, 3]]
    share, precision = class_figures(lambda: euclidean(points, points), labels, labels, k=1, own=True)
    assert share == 0.75  # 0 -> 1 yes, 1 -> 0 yes, 3 -> 1 no, 7 -> 3 yes
    assert precision == pytest.approx((1 + 1 + 1 / 3 + 1) / 4)
    codes = np.asarray([[0b00000000], [0b00000111], [0b11111111]], np.uint8)
    assert np.concatenate(list(hamming(codes, codes))).tolist() == [[0, 3, 8], [3, 0, 5], [8, 5, 0]]
    assert recall(np.asarray([[1, 2], [3, 4]]), np.asarray([[2, 9, 1], [8, 7, 4]])) == 0.75


def test_shared_units_by_hand() -> None:
    found = shared_units(np.asarray([2.0, 0, 1, 5]), np.asarray([3.0, 4, 4, 0]), 5)
    assert found == (Shared(0, (2.0, 3.0), 0.6), Shared(2, (1.0, 4.0), 0.4))
    assert shared_units(np.zeros(3), np.ones(3)) == ()
    assert overlap([1, 2, 3, 4], [4, 9, 1]) == 0.5
    assert overlap([], [1]) == 0
