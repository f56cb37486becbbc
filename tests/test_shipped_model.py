"""The models that the explorer opens on: they are what their cards say, and they know real photographs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import readme
from model import onnx_file
from model.alexnet import AlexNet
from model.explorer import Activations, Explorer
from model.gallery.search import CodeIndex
from model.gallery.store import Gallery
from model.picture_set import find_split
from model.preprocess import crop
from tests.photographs import IMAGENET20, TINY200, needs_photographs
from tests.toys import picture
from training import recipe

MODELS = Path(__file__).parents[1] / "assets" / "models"
MODEL, OF_200 = MODELS / "imagenet20" / "model.onnx", MODELS / "tiny200" / "model.onnx"
NUM_PICTURES = {MODEL: 7854, OF_200: 10_000}
both = pytest.mark.parametrize("model", [MODEL, OF_200], ids=["imagenet20", "tiny200"])


def card_of(model: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((model.parent / "card.json").read_text())
    return card


@both
def test_card_belongs_to_the_file(model: Path) -> None:
    info, _ = onnx_file.read(model)
    card = card_of(model)
    assert card["commit"] == info.commit
    assert card["recipe"] == info.recipe
    assert card["num_parameters"] == info.config.num_parameters
    assert card["num_epochs"] == recipe.load(info.recipe["name"]).epochs
    assert card["one_crop"]["num_images"] == card["ten_crop"]["num_images"] == NUM_PICTURES[model]


def test_shipped_galleries_are_small() -> None:
    """At most 16 MB a model, the codes' encoder included."""
    for folder in {path.parent for path in MODELS.glob("*/gallery.pq")} | {MODEL.parent, OF_200.parent}:
        assert sum((folder / name).stat().st_size for name in ("gallery.pq", "codes.npz")) <= 16e6, folder


@both
def test_docs_say_how_trustworthy_maps_are(model: Path) -> None:
    gallery = Gallery.open(model.parent / "gallery.pq", model)
    docs = (MODELS.parents[1] / "docs" / "gallery.md").read_text(encoding="utf-8")
    for value in gallery.about["map"]["trustworthiness"].values():
        assert f"{value:.3f}".removeprefix("0") in docs


@both
def test_a_picture_brings_its_class(model: Path) -> None:
    """Every twentieth validation picture asks the others: the shares of docs/gallery.md, in fc7 and in the shipped codes."""
    gallery = Gallery.open(model.parent / "gallery.pq", model)
    told = json.loads((model.parent / "codes.json").read_text())["share_among_queries"]
    codes, shares = CodeIndex(gallery.codes["fc7"]), []
    for row in range(0, len(gallery), 20):
        fc7 = gallery.flat["fc7"].nearest(np.asarray(gallery.features["fc7"][row], np.float32), 7)
        near = [
            [one.row for one in found if one.row != row][:6]
            for found in (fc7, codes.nearest(gallery.codes["fc7"][row], 7))
        ]
        shares.append([(gallery.labels[rows] == gallery.labels[row]).mean() for rows in near])
    of_fc7, of_codes = np.mean(shares, 0)
    assert min(of_fc7, of_codes) > 10 / len(gallery.class_ids)  # ten times as often as by chance
    assert of_fc7 == pytest.approx(told["fc7"], abs=0.04)
    assert of_codes == pytest.approx(told["autoencoder 256"], abs=0.04)
    assert of_fc7 > 3 * told["pixels"]  # what is alike is not near in pixels


@pytest.mark.parametrize(("model", "most"), [(MODEL, 16), (OF_200, 50)])
def test_something_was_learned(model: Path, most: float) -> None:
    """By chance the top-5 error is 75 % among 20 classes and 97.5 % among 200; above these, something would be broken."""
    card = card_of(model)
    assert card["one_crop"]["top5_error"] < most
    assert card["ten_crop"]["top1_error"] <= card["one_crop"]["top1_error"]


@both
def test_parity_with_torch(model: Path) -> None:
    """Every activation of the trained network, torch against ONNX Runtime."""
    info, weights = onnx_file.read(model)
    net = AlexNet(info.config).eval()
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    crops = np.concatenate([crop(picture(seed), info.mean) for seed in range(2)])
    found = Explorer.open(model, "cpu").activations(crops, tuple(row.name for row in info.config.layers))
    with torch.no_grad():
        expected = net.activations(torch.from_numpy(crops))
    for name, array in found.items():
        assert np.abs(array - expected[name].numpy()).max() <= 1e-4 * expected[name].abs().max().item(), name


def test_readme_says_what_the_files_say() -> None:
    """Tables of README and docs are those of results.json and the cards: python -m benchmarks.readme makes them."""
    for page in readme.PAGES:
        assert readme.with_tables(page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8")


@needs_photographs
@pytest.mark.slow
@pytest.mark.parametrize(("model", "photographs"), [(MODEL, IMAGENET20), (OF_200, TINY200)])
def test_strongest_on_photographs(model: Path, photographs: Path) -> None:
    """The pictures that are said to drive a unit most do, so far and there; none of 100 others does more."""
    gallery, explorer = Gallery.open(model.parent / "gallery.pq", model), Explorer.open(model, "cpu")
    pictures = find_split(photographs, "val")

    def run(row: int) -> Activations:
        return explorer.run(next(pictures.pictures(int(gallery.numbers[row])))[1]())

    others = {row: run(row) for row in range(0, len(gallery), len(gallery) // 100)}
    for layer, unit in (("conv1", 50), ("conv3", 6), ("conv5", 200), ("fc6", 99)):
        found = gallery.strongest_of(layer, unit)
        assert found is not None
        assert len(found) == 9
        assert [one.value for one in found] == sorted((one.value for one in found), reverse=True)
        for one in found[:2]:
            seen = run(one.index)[layer][unit]
            assert float(seen.max()) == pytest.approx(one.value, rel=2e-3)
            assert float(np.atleast_2d(seen)[one.row, one.column]) == pytest.approx(one.value, rel=2e-3)
        strong = {one.index for one in found}
        assert all(
            seen[layer][unit].max() <= 1.002 * found[-1].value for row, seen in others.items() if row not in strong
        )


@needs_photographs
@pytest.mark.slow
@pytest.mark.parametrize(("model", "photographs"), [(MODEL, IMAGENET20), (OF_200, TINY200)])
def test_error_on_photographs(model: Path, photographs: Path) -> None:
    """The gallery's predictions, one a validation picture, make the card's error; every sixteenth comes out again."""
    gallery, card = Gallery.open(model.parent / "gallery.pq", model), card_of(model)
    explorer, pictures = Explorer.open(model, "cpu"), find_split(photographs, "val")
    assert gallery.class_ids == explorer.class_ids
    assert len(gallery) == card["one_crop"]["num_images"]
    error = 100 * (gallery.predictions != gallery.labels).mean()
    assert error == pytest.approx(card["one_crop"]["top1_error"], abs=0.1)
    rows = np.arange(0, len(gallery), 16)
    read = [next(pictures.pictures(int(gallery.numbers[row]))) for row in rows]
    assert [label for _, _, label in read] == gallery.labels[rows].tolist()
    found = np.array([explorer.run(data())["prob"].argmax() for _, data, _ in read])
    assert (found != gallery.predictions[rows]).mean() <= 0.005  # batches are added up in another order
