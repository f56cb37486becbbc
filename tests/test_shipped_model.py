"""The model that the explorer opens on: it is what its card says, and it knows real photographs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import readme
from model import onnx_file
from model.alexnet import AlexNet
from model.explorer import Explorer
from model.gallery.search import CodeIndex
from model.gallery.store import Gallery
from model.picture_set import find_split
from model.preprocess import crop
from tests.photographs import IMAGENET20, needs_photographs
from tests.toys import picture
from training import recipe

MODEL = Path(__file__).parents[1] / "assets" / "models" / "imagenet20" / "model.onnx"
CARD = MODEL.parent / "card.json"


def test_card_belongs_to_the_file() -> None:
    info, _ = onnx_file.read(MODEL)
    card = json.loads(CARD.read_text())
    assert card["commit"] == info.commit
    assert card["recipe"] == info.recipe
    assert card["num_parameters"] == info.config.num_parameters
    assert card["num_epochs"] == recipe.load(info.recipe["name"]).epochs
    assert card["one_crop"]["num_images"] == card["ten_crop"]["num_images"] == 7854


def test_the_shipped_gallery_is_small() -> None:
    """At most 16 MB a model, the codes' encoder included; and docs say how trustworthy its maps are."""
    shipped = [path for name in ("gallery.pq", "codes.npz") for path in MODEL.parents[1].glob(f"*/{name}")]
    by_model = {one.parent for one in shipped}
    assert by_model
    for model in by_model:
        assert sum(one.stat().st_size for one in shipped if one.parent == model) <= 16e6, model
    gallery = Gallery.open(MODEL.parent / "gallery.pq", MODEL)
    docs = (MODEL.parents[3] / "docs" / "gallery.md").read_text(encoding="utf-8")
    for value in gallery.about["map"]["trustworthiness"].values():
        assert f"{value:.3f}".removeprefix("0") in docs


def test_a_picture_brings_mostly_its_class() -> None:
    """Every twentieth validation picture asks the others: the shares of docs/gallery.md, in fc7 and in the shipped codes."""
    gallery = Gallery.open(MODEL.parent / "gallery.pq", MODEL)
    told = json.loads((MODEL.parent / "codes.json").read_text())["share_among_queries"]
    codes, shares = CodeIndex(gallery.codes["fc7"]), []
    for row in range(0, len(gallery), 20):
        fc7 = gallery.flat["fc7"].nearest(np.asarray(gallery.features["fc7"][row], np.float32), 7)
        near = [
            [one.row for one in found if one.row != row][:6]
            for found in (fc7, codes.nearest(gallery.codes["fc7"][row], 7))
        ]
        shares.append([(gallery.labels[rows] == gallery.labels[row]).mean() for rows in near])
    of_fc7, of_codes = np.mean(shares, 0)
    assert min(of_fc7, of_codes) > 0.5
    assert of_fc7 == pytest.approx(told["fc7"], abs=0.04)
    assert of_codes == pytest.approx(told["autoencoder 256"], abs=0.04)
    assert of_fc7 > 3 * told["pixels"]  # what is alike is not near in pixels


def test_something_was_learned() -> None:
    """Chance is 95 % and 75 %; above 16 % top-5 something would be broken."""
    card = json.loads(CARD.read_text())
    assert card["one_crop"]["top5_error"] < 16
    assert card["ten_crop"]["top1_error"] <= card["one_crop"]["top1_error"]


def test_parity_with_torch() -> None:
    """Every activation of the trained network, torch against ONNX Runtime."""
    info, weights = onnx_file.read(MODEL)
    net = AlexNet(info.config).eval()
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    crops = np.concatenate([crop(picture(seed), info.mean) for seed in range(2)])
    found = Explorer.open(MODEL, "cpu").activations(crops, tuple(row.name for row in info.config.layers))
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
def test_error_on_photographs() -> None:
    """The gallery's predictions, one a validation picture, make the card's error; every sixteenth comes out again."""
    gallery, card = Gallery.open(MODEL.parent / "gallery.pq", MODEL), json.loads(CARD.read_text())
    explorer, pictures = Explorer.open(MODEL, "cpu"), find_split(IMAGENET20, "val")
    assert gallery.class_ids == explorer.class_ids
    assert len(gallery) == card["one_crop"]["num_images"]
    error = 100 * (gallery.predictions != gallery.labels).mean()
    assert error == pytest.approx(card["one_crop"]["top1_error"], abs=0.1)
    rows = np.arange(0, len(gallery), 16)
    read = [next(pictures.pictures(int(gallery.numbers[row]))) for row in rows]
    assert [label for _, _, label in read] == gallery.labels[rows].tolist()
    found = np.array([explorer.run(data())["prob"].argmax() for _, data, _ in read])
    assert (found != gallery.predictions[rows]).mean() <= 0.005  # batches are added up in another order
