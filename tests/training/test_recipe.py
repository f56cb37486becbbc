"""Recipes: one experiment a file, one switch away from the paper, and a small version of each."""

import importlib
from dataclasses import asdict, replace

import pytest
import torch

from model import layers
from model.alexnet import AlexNet
from training import recipe
from training.recipe import load, names
from training.schedule import Drops, Plateau

SWITCHES = {
    "one_column": ("net", "kernels"), "one_tower": ("net", "towers"), "no_cross_talk": ("net", "conv3_reads_both"),
    "no_lrn": ("net", "lrn"), "pool_2x2": ("net", "pool_px"), "no_dropout": ("net", "dropout"),
    "tanh": ("net", "activation"), "without_conv3": ("net", "without"), "without_conv4": ("net", "without"),
    "without_conv5": ("net", "without"), "conv6": ("net", "conv6"), "conv6_22k": ("net", "conv6"),
    "no_colour_noise": ("recipe", "colour_noise"),
}  # fmt: skip


def flat(name: str) -> dict[tuple[str, str], object]:
    found = load(name)
    own = {("recipe", key): value for key, value in asdict(found).items() if key not in ("name", "net")}
    return own | {("net", key): value for key, value in asdict(found.net).items()}


@pytest.mark.parametrize("name", names())
def test_every_file_says_how_and_what(name: str) -> None:
    assert load(name).name == name
    header = importlib.import_module(f"training.recipes.{name}").__doc__ or ""
    assert f"python -m training.run {name}" in header
    assert "ot yet run" in header or "Run once" in header or name.startswith("smoke")


@pytest.mark.parametrize(("name", "switch"), SWITCHES.items(), ids=SWITCHES)
def test_one_switch_from_the_paper(name: str, switch: tuple[str, str]) -> None:
    paper, variant = flat("paper_2012"), flat(name)
    differ = {key for key in paper if paper[key] != variant[key]}
    assert differ - {("net", "num_classes"), ("net", "towers")} == {switch} - {("net", "towers")}
    small, full = flat("imagenet20_mini"), flat(f"{name}_mini")
    differ = {key for key in small if small[key] != full[key]}
    assert switch in differ or small[switch] == variant[switch]
    assert full["net", "num_classes"] == 20


def test_sides_of_crops() -> None:
    growing = replace(load("imagenet20"), input_px=((0, 128), (3, 176), (5, 224)))
    assert [growing.side_px(epoch) for epoch in (0, 2, 3, 4, 5, 9)] == [128, 128, 176, 176, 224, 224]
    assert load("paper_2012").side_px(0) == 224


def test_code_145_is_the_facts_page() -> None:
    code = load("code_145")
    assert code.net == layers.CODE_2012
    assert (code.std, code.middle_std, code.lr, code.bias_lr, code.batch_size) == (0.01, 0.03, 0.01, 0.02, 128)
    assert (code.images_a_draw, code.all_offsets, code.colour_noise, code.input_divisor) == (32, True, "stdev", 1.1)
    assert code.schedule == Drops(at=(25, 51, 79))
    assert [code.has_colour_noise(epoch) for epoch in (66, 67)] == [True, False]
    assert [code.conv1_lr(epoch) for epoch in (66, 67, 72)] == [None, 1e-5, 0]
    assert (code.epochs, code.weight_decay, code.momentum) == (91, 5e-4, 0.9)
    small = load("code_145_mini")
    assert (small.epochs, small.schedule, small.net.width, small.net.spatial_norm2) == (91, code.schedule, 0.5, True)


def test_small_versions_keep_the_small_schedule() -> None:
    small, mini = load("no_lrn_mini"), load("imagenet20_mini")
    assert (small.epochs, small.schedule, small.std) == (mini.epochs, mini.schedule, mini.std)
    assert isinstance(load("paper_2012").schedule, Plateau)
    assert small.net.lrn is None


def test_unknown_recipes() -> None:
    with pytest.raises(ValueError, match="There is no recipe 'nonsense_mini'; choose one of code_145"):
        load("nonsense_mini")
    assert recipe.load("no_lrn_mini").name == "no_lrn_mini"


@pytest.mark.parametrize("name", [*names(), *(f"{name}_mini" for name in names() if not name.endswith("_mini"))])
def test_every_net_can_be_built(name: str) -> None:
    with torch.device("meta"):
        net = AlexNet(load(name).net)
    assert sum(w.numel() for w in net.parameters()) == load(name).net.num_parameters
