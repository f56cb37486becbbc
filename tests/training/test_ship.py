"""One command from a recipe to what ships: each step once, on from where it stopped."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

import training.codes
import training.recipe
from model import history
from model.explorer import Explorer
from model.gallery import maps
from model.gallery.store import Gallery
from tests.toys import TOY, write_class_folders
from training import ship
from training.recipe import Recipe
from training.schedule import Cosine
from training.ship import NotDone, Step, carry_out

RECIPE = Recipe(name="toy", net=TOY, schedule=Cosine(), epochs=2, batch_size=8, std=0.02, middle_std=0.1)
ROOT = Path(ship.__file__).parent.parent
SHIPPED = [
    "model.onnx",
    "gabors.npz",
    "card.json",
    "report.json",
    "history.npz",
    "codes.npz",
    "codes.json",
    "gallery.pq",
    "strongest.npz",
]


def written(path: Path, at: int) -> Path:
    path.write_text("")
    os.utime(path, ns=(at, at))
    return path


def test_what_is_newer_is_skipped(tmp_path: Path) -> None:
    done: list[str] = []
    source, old, new = (written(tmp_path / name, at) for name, at in (("source", 2), ("old", 1), ("new", 3)))

    def make(name: str, result: Path, at: int) -> Step:
        def do() -> None:
            done.append(name)
            written(result, at)

        return Step(name, [source], [result], do)

    said: list[str] = []
    carry_out([make("a", new, 9), make("b", old, 3), make("c", tmp_path / "missing", 3)], said.append)
    assert done == ["b", "c"]
    assert said[0] == "1 of 3, a: is newer than what it is made from, skipped"
    written(source, 4)
    carry_out([make("a", new, 9)], said.append)
    assert done == ["b", "c", "a"]


@pytest.mark.parametrize("answer", [0, 2], ids=["stopped", "failed"])
def test_what_is_not_done_ends_it(tmp_path: Path, answer: int) -> None:
    later = Step("later", [], [tmp_path / "b"], lambda: pytest.fail("begun"))
    with pytest.raises(NotDone, match="first"):
        carry_out([Step("first", [], [tmp_path / "a"], lambda: answer), later])


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_a_limited_trial_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """So that what ships is never made from it."""
    make = ["make", "-n", "ship", "RECIPES=smoke smoke200", f"RUNS={tmp_path}"]
    whole, trial = (
        subprocess.run([*make, *more], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for more in ((), ("LIMIT=512",))
    )
    assert whole.count("-m training.ship ") == trial.count("-m training.ship ") == 2
    assert (
        "training.ship smoke200 tiny200 --data ../shared/data/tiny-imagenet-200 --from assets/models/imagenet20"
        in whole
    )
    commands = [[line for line in words.splitlines() if "training.ship" in line][-1] for words in (whole, trial)]
    runs = [ship.parser().parse_args(line.split()[3:]) for line in commands]
    sources = [ship.steps(args)[0].sources[0] for args in runs]
    assert sources == [tmp_path / name / "checkpoint.pt" for name in ("tiny200", "tiny200-512")]


def test_from_recipe_to_gallery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_class_folders(tmp_path / "data", "train", 6, 4)
    write_class_folders(tmp_path / "data", "val", 6, 1)
    monkeypatch.setattr(training.recipe, "load", lambda name: RECIPE)
    monkeypatch.setattr(training.codes, "BATCH", 8)
    monkeypatch.setattr(training.codes, "DEPTHS", (6,))
    assert maps.FEWEST_FOR_UMAP > 6  # which takes ten seconds to compile itself
    places = {name: str(tmp_path / name) for name in ("data", "runs", "models", "cache")}
    argv = [
        "toy",
        "mine",
        "--device",
        "cpu",
        "--validate-on",
        "2",
        *(word for name in places for word in (f"--{name}", places[name])),
    ]
    heard = signal.getsignal(signal.SIGINT)
    assert ship.main(argv) == 0
    assert signal.getsignal(signal.SIGINT) is heard  # Ctrl-C stops the later steps too
    dest = tmp_path / "models" / "mine"
    assert sorted(file.name for file in dest.iterdir()) == sorted(SHIPPED)
    explorer = Explorer.open(dest / "model.onnx", "cpu")
    card, report = (json.loads((dest / f"{name}.json").read_text()) for name in ("card", "report"))
    assert card["num_epochs"] == explorer.info.metrics["epochs"] == 2
    assert explorer.info.metrics.keys() == {"epochs", "hours"}  # errors are the card's
    assert {row["val_top1_error"] for row in card["curve"]} <= {0, 50, 100}  # of two pictures
    assert card["compression"]["layers_in_4_bits"] == ["fc6", "fc7"]
    assert (card["one_crop"]["crops"], card["ten_crop"]["crops"], report["errors"]["num_images"]) == (1, 10, 6)
    told = history.read(dest / "history.npz")
    assert told.epochs[-1] == 2
    assert told.pictures
    np.testing.assert_array_equal(told.pictures.class_ids, explorer.class_ids)
    assert len(Gallery.open(dest / "gallery.pq", dest / "model.onnx")) == 6
    capsys.readouterr()
    assert ship.main(argv) == 0
    assert capsys.readouterr().out.count("skipped") == 10
    assert ship.main(["another", *argv[1:]]) == 2
    assert "holds a run of the recipe toy; take it away" in capsys.readouterr().err
    (dest / "codes.npz").unlink()
    assert ship.main(argv) == 0
    assert capsys.readouterr().out.count("skipped") == 7  # all but codes, the gallery that has them, and its file
