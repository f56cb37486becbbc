"""Colours of the map: a class a colour, values on a ramp, by hand."""

import numpy as np
import pytest

from app import map_panel
from app.components.map import Kind, Ramp
from model.gallery.build import build
from model.gallery.store import Gallery
from model.layers import Layer
from tests.toys import TOY, write_class_folders, write_toy


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    root = tmp_path_factory.mktemp("gallery")
    (root / "toy").mkdir()
    write_toy(root / "toy" / "model.onnx")
    write_class_folders(root, "photos", 3, 2)
    built = build(root / "toy" / "model.onnx", root / "photos", root / "gallery", with_map=False)
    assert built is not None
    return built


def test_a_colour_a_class(gallery: Gallery) -> None:
    colours, legend = map_panel._colours(gallery, "class", "", 0)
    assert colours.tolist() == [0, 0, 1, 1, 2, 2]
    assert legend == tuple(Kind(f"n{i}", map_panel.colour_of(i), 2) for i in range(3))
    predicted, kinds = map_panel._colours(gallery, "prediction", "", 0)
    assert not isinstance(kinds, Ramp)
    assert [kinds[i].name for i in predicted] == [gallery.classes[i] for i in gallery.predictions]


def test_right_and_wrong(gallery: Gallery) -> None:
    """Classes are compared by name: the set's are n0 to n2, the network's class 0 to class 5."""
    wrong, (right, other) = map_panel._colours(gallery, "error", "", 0)  # type: ignore[misc]
    assert wrong.tolist() == [1] * 6
    assert (right.count, other.count) == (0, 6)


def test_values_on_a_ramp(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    colours, ramp = map_panel._colours(gallery, "confidence", "", 0)
    assert isinstance(ramp, Ramp)
    assert (ramp.low, ramp.high) == ("0", "1")
    assert colours.tolist() == np.round(255 * gallery.confidences).tolist()
    monkeypatch.setattr(map_panel, "_units", lambda gallery, layer: TOY.layer[layer].units)
    row: Layer = TOY.layer["pool5"]
    maps = np.asarray(gallery.features["pool5"], np.float32).reshape(6, row.units, -1)
    assert map_panel._values(gallery, "pool5", 5).tolist() == maps[:, 5].max(1).tolist()
    assert map_panel._values(gallery, "conv2", 7).tolist() == gallery.peaks["conv2"][:, 7].tolist()
    assert map_panel._values(gallery, "fc7", 3).tolist() == gallery.features["fc7"][:, 3].tolist()


def test_colours_differ() -> None:
    """Twenty classes, no two nearer than 40 in red, green and blue together."""
    colours = np.array([[int(map_panel.colour_of(i)[at : at + 2], 16) for at in (1, 3, 5)] for i in range(20)])
    far = np.abs(colours[:, None] - colours[None]).sum(2) + 999 * np.eye(20, dtype=int)
    assert far.min() > 40
