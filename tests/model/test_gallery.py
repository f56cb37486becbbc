"""Galleries: features as the explorer's own, nearest by hand, unreadable pictures left out and named."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.explorer import Explorer
from model.gallery import Gallery, Strong, Strongest, build
from model.layers import Layer
from tests.toys import write_class_folders, write_toy


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    write_toy(path)
    return Explorer.open(path, "cpu")


def test_nearest_by_hand() -> None:
    points = np.asarray([[0, 0], [3, 4], [1, 0]], np.float32)
    gallery = Gallery(points, (b"",) * 3, ("a", "b", "c"), ("x", "y", ""), ())
    found = gallery.nearest(np.asarray([0, 0], np.float32), k=2)
    assert [(one.name, one.distance) for one in found] == [("a", 0.0), ("c", 1.0)]
    assert gallery.nearest(np.zeros(2, np.float32), k=9)[2].distance == 5.0


def test_build(explorer: Explorer, tmp_path: Path) -> None:
    write_class_folders(tmp_path, "val", 4, 3)
    (tmp_path / "val" / "n1" / "1.png").write_bytes(b"broken")
    told: list[tuple[int, int]] = []
    gallery = build(explorer, tmp_path / "val", progress=lambda done, total: told.append((done, total)))
    assert gallery.features.shape == (11, 32)
    assert told[-1] == (12, 12)
    assert [Path(name).name for name, _ in gallery.rejected] == ["1.png"]
    assert gallery.labels[0] == "n0"
    seen = explorer.run(tmp_path / "val" / "n2" / "0.png")
    nearest = gallery.nearest(seen.features, 6)
    assert Path(nearest[0].name).parts[-2:] == ("n2", "0.png")
    assert nearest[0].distance == pytest.approx(0, abs=1e-3)
    assert Image.open(io.BytesIO(gallery.thumbnails[0])).size == (128, 128)


def test_limit_is_spread_evenly(explorer: Explorer, tmp_path: Path) -> None:
    write_class_folders(tmp_path, "val", 4, 3)
    assert build(explorer, tmp_path / "val", limit=4).labels == ("n0", "n1", "n2", "n3")
    with pytest.raises(ValueError, match="needs at least one picture"):
        build(explorer, tmp_path / "val", limit=0)


def test_nothing_readable(explorer: Explorer, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="None of the 1 pictures could be read; the first: "):
        build(explorer, tmp_path)


def test_strongest_by_hand() -> None:
    row = Layer(name="conv5", kind="conv", units=2, size_px=2)
    strongest = Strongest([row], k=2)
    maps = np.zeros((3, 2, 2, 2), np.float32)
    maps[0, 0, 1, 0], maps[1, 0, 0, 1], maps[2, 0, 1, 1] = 5, 7, 6
    strongest.add(0, {"conv5": maps[:2]})
    strongest.add(2, {"conv5": maps[2:]})
    assert strongest.of("conv5", 0) == (Strong(1, 7.0, 0, 1), Strong(2, 6.0, 1, 1))
    assert strongest.of("conv5", 1) == ()  # silent everywhere


def test_strongest_of_a_gallery(explorer: Explorer, tmp_path: Path) -> None:
    write_class_folders(tmp_path, "val", 4, 3)
    (tmp_path / "val" / "n0" / "0.png").write_bytes(b"broken")
    gallery = build(explorer, tmp_path / "val")
    assert gallery.strongest is not None
    seen = [explorer.run(gallery.square(i)) for i in range(11)]
    for layer in ("conv1", "norm2", "pool5", "fc7", "fc8"):
        maps = np.stack([one[layer].reshape(len(one[layer]), -1) for one in seen])
        unit = int(maps.max((0, 2)).argmax())
        first = gallery.strongest.of(layer, unit)[0]
        assert first.value == pytest.approx(float(maps[:, unit].max()), rel=1e-5)
        assert first.index == int(maps[:, unit].max(1).argmax())
    (tmp_path / "val" / "n3" / "2.png").unlink()
    with pytest.raises(ValueError, match="is no longer where it was"):
        gallery.square(10)
