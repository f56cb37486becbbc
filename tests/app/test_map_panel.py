"""Colours of the map: a class a colour, values on a ramp, by hand."""

import base64
import dataclasses
import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st

from app import galleries, map_panel, shared_panel
from app.components import map as map_component
from app.components.map import Kind, Mine, Ramp
from model.gallery import search
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
    assert legend == tuple(Kind(f"n{i}", map_panel.colour_of(i, 3), 2) for i in range(3))
    predicted, kinds = map_panel._colours(gallery, "prediction", "", 0)
    assert not isinstance(kinds, Ramp)
    assert [kinds[i].name for i in predicted] == [gallery.classes[i] for i in gallery.predictions]


def test_pictures_without_a_class_are_grey_and_leave_the_others_their_colours() -> None:
    places, kinds = map_panel._kinds(np.asarray([-1, *range(20)], np.int16), [f"n{i}" for i in range(20)])
    assert places.tolist() == list(range(21))
    assert [kind.colour for kind in kinds] == [map_panel.NO_CLASS, *map_panel.PALETTE]
    assert [map_panel.colour_of(i, 21) for i in range(20)] == map_panel.PALETTE


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
    assert map_panel._values("k", "pool5", 5, gallery).tolist() == maps[:, 5].max(1).tolist()
    assert map_panel._values("k", "conv2", 7, gallery).tolist() == gallery.peaks["conv2"][:, 7].tolist()
    assert map_panel._values("k", "fc7", 3, gallery).tolist() == gallery.features["fc7"][:, 3].tolist()


def test_fc8_goes_below_zero(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(galleries._open_now, "k", gallery)
    monkeypatch.setattr(map_panel, "_values", lambda *_: np.array([-2, 0, 2], np.float32))
    colours, ramp = map_panel._colours(gallery, "unit", "fc8", 0)
    assert isinstance(ramp, Ramp)
    assert (ramp.low, ramp.high) == ("-2", "2")
    assert colours.tolist() == [0, 128, 255]


def test_counts_of_a_selection(gallery: Gallery) -> None:
    labels = np.array([0, 2, 2, -1, -1, -1], np.int16)
    some = dataclasses.replace(gallery, labels=labels)
    assert map_panel._counts(some, np.array([0, 1, 2, 3])) == [("n2", 2), ("no class", 1), ("n0", 1)]
    predicted = dataclasses.replace(gallery, class_ids=(), predictions=np.array([1, 1, 1, 1, 1, 5], np.int16))
    assert map_panel._counts(predicted, np.arange(6)) == [("class 1", 5), ("class 5", 1)]


def test_pictures_are_shown_where_there_are_some(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thumbnails that are there in part, only those are asked for; of the others the classes are named."""
    monkeypatch.setattr(shared_panel, "TOP_PICTURES", 6)
    rows = gallery.top_rows("fc7", 3, 6)
    present = np.arange(6) == rows[0]
    partly = dataclasses.replace(gallery, thumbnails=SimpleNamespace(present=present))  # type: ignore[arg-type]
    monkeypatch.setitem(galleries._open_now, "k", partly)
    shown = shared_panel._top(partly, 3)
    assert shown.count("<img") == 1
    assert f'src="gallery/k/{rows[0]}.webp"' in shown
    assert shown.count("<span>") == len({int(gallery.labels[row]) for row in rows[1:]})
    assert [galleries.address(partly, row) for row in rows[1:]] == [""] * len(rows[1:])


def test_a_selected_picture_that_is_not_here_shows_its_class(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the strips do until the pictures are fetched; never its file's name."""
    partly = dataclasses.replace(gallery, thumbnails=SimpleNamespace(present=np.arange(6) == 1))  # type: ignore[arg-type]
    monkeypatch.setitem(galleries._open_now, "k", partly)
    shown = map_panel._tiles(partly, [5, 1, 2])
    assert re.findall(r'<img src="([^"]*)"', shown) == ["gallery/k/1.webp"]
    assert re.findall(r">([^<>]+)</span>|alt=\"([^\"]+)\"", shown) == [
        ("n2", ""),
        ("", "n0"),
        ("n1", ""),
    ]  # in their order
    assert not [name for name in gallery.names if name.rsplit("/", 1)[-1] in shown]


def test_a_picture_is_placed_by_those_that_have_a_place(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many pictures some have one: here the first and the last three. Those are searched, however near the others are."""
    monkeypatch.setitem(galleries._open_now, "k", gallery)
    positions = np.full((6, 2), np.nan, np.float32)
    rows = np.array([0, 3, 4, 5])
    positions[rows] = [[0, 0], [6, 0], [0, 3], [1, 1]]
    fc7 = np.asarray(gallery.features["fc7"], np.float64)
    asked = galleries.Query("asked", "", None, galleries.features(gallery, 2))
    distances = ((fc7[rows] - fc7[2]) ** 2).sum(1)
    order = np.argsort(distances)
    monkeypatch.setattr(map_panel, "PLACED_BY", 2)  # equal weights
    expected = positions[rows[order[:2]]].mean(0)
    assert map_panel._place(gallery, positions, asked).tolist() == expected.tolist()
    for row, place in ((5, positions[5]), (2, expected)):  # a picture of the gallery: its own place, or like any other
        asked = galleries.Query(f"row {row}", "", row, galleries.features(gallery, row))
        assert map_panel._place(gallery, positions, asked).tolist() == place.tolist()
    assert np.isnan(map_panel._place(gallery, np.full((6, 2), np.nan, np.float32), asked)).all()


def test_many_pictures_are_found_by_their_codes(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above some thousands only those whose codes are near are measured; here that is all of them, so all are found."""
    monkeypatch.setitem(galleries._open_now, "k", gallery)
    monkeypatch.setattr(galleries, "own", list)
    depths: list[int] = []

    def noted(features: Any, index: Any, *rest: Any) -> Any:
        depths.append(len(index))
        return search.reranked(features, index, *rest)

    monkeypatch.setattr(galleries, "reranked", noted)
    found = []
    for most in (6, 5):
        monkeypatch.setattr(galleries, "EXACT_UP_TO", most)
        asked = galleries.Query(f"asked with {most}", "", None, galleries.features(gallery, 2))
        found.append([galleries.nearest_within(gallery, asked, layer) for layer in galleries.LAYERS])
        assert depths == [] if most == 6 else [6] * 4
    assert found[0] == found[1]


def test_points_without_a_place_are_not_sent() -> None:
    places = np.asarray([[0, 1], [np.nan, np.nan], [2, 3]], np.float32)
    mine = [Mine("a", "data:", np.full(2, np.nan, np.float32)), Mine("b", "data:", np.ones(2, np.float32))]
    _, packed = map_component._packed(places, np.array([5, 6, 7], np.uint16), Ramp(["#000000"], "0", "1"), mine)
    length = int.from_bytes(packed[:4], "little")
    header, arrays = json.loads(packed[4 : 4 + length]), packed[4 + length :]
    assert (header["count"], header["placed"], header["total"]) == (3, 2, 5)
    assert [one["label"] for one in header["own"]] == ["b"]
    assert np.frombuffer(arrays[:24], np.float32).tolist() == [0, 1, 2, 3, 1, 1]
    assert np.frombuffer(arrays[24:36], np.uint32).tolist() == [0, 2, 4]
    assert np.frombuffer(arrays[36:], np.uint16).tolist() == [5, 7]


def test_a_selection_counts_points_with_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.asarray([[0, 1], [np.nan, np.nan], [2, 3]], np.float32)
    text = base64.b64encode(bytes([0b10])).decode()
    monkeypatch.setattr(st, "session_state", {"map": {"selected": text}})
    assert map_component.selected(places).tolist() == [2]


def test_colours_differ() -> None:
    """Twenty classes, no two nearer than 40 in red, green and blue together."""
    colours = np.array([[int(map_panel.colour_of(i, 20)[at : at + 2], 16) for at in (1, 3, 5)] for i in range(20)])
    far = np.abs(colours[:, None] - colours[None]).sum(2) + 999 * np.eye(20, dtype=int)
    assert far.min() > 40
