"""A card says what the run's files and the evaluation say."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from model import onnx_file
from model.explorer import Explorer
from tests.toys import picture, write_class_folders, write_toy
from training import card
from training.prepared import Prepared


def test_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, run = tmp_path / "toy" / "model.onnx", tmp_path / "run"
    model.parent.mkdir()
    run.mkdir()
    write_toy(model)
    write_class_folders(tmp_path / "data", "val", 6, 1)
    how = {"num_train": 1234, "num_val": 6, "hardware": "a CPU", "versions": {}, "autocast": "None"}
    (run / "run.json").write_text(json.dumps(how))
    row = {"lr": 0.01, "train_loss": 1.5, "val_top1_error": 50.0, "val_top5_error": 10.0, "wall_seconds": 900.0}
    (run / "metrics.jsonl").write_text("".join(json.dumps({"epoch": i + 1, **row}) + "\n" for i in range(2)))
    argv = [str(model), "--run", str(run), "--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache")]
    assert card.main(argv) == 0
    assert "ten crops: 6 of 6" in capsys.readouterr().err
    facts = json.loads((model.parent / "card.json").read_text())
    assert (facts["name"], facts["num_epochs"], facts["hours"]) == ("toy", 2, 0.5)
    assert facts["one_crop"]["num_images"] == 6
    low, high = facts["ten_crop"]["top1_interval"]
    assert 0 <= low <= facts["ten_crop"]["top1_error"] <= high <= 100
    assert facts["ten_crop"]["crops"] == 10
    assert facts["compression"] is None
    assert facts["trained_before"] == []
    assert "trained on 1,234 pictures" in facts["limits"][1]
    info, weights = onnx_file.read(model)
    assert len(facts["limits"]) == 3
    part = dataclasses.replace(
        info, metrics={"epochs": 1.25, "hours": 0.3}, detail_px=64
    )  # left off within the second epoch
    onnx_file.write(model, part, weights)
    assert card.main(argv) == 0
    facts = json.loads((model.parent / "card.json").read_text())
    assert (facts["num_epochs"], facts["hours"], len(facts["curve"])) == (1.25, 0.3, 2)
    assert facts["limits"][3].startswith("It learned from pictures of 64 pixels a side;")
    assert facts["parity"]["num_compared"] == 6
    assert 0 < max(facts["parity"]["activation_errors"].values()) < 1e-4
    assert facts["megabytes"] == pytest.approx(model.stat().st_size / 1e6)
    assert card.main([*argv[:2], str(tmp_path / "nowhere"), *argv[3:]]) == 2


def test_a_card_anew_without_its_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known of the training stays, what pictures tell is found anew; another network's card is not taken for it."""
    model, path = tmp_path / "toy" / "model.onnx", tmp_path / "toy" / "card.json"
    model.parent.mkdir()
    write_toy(model)
    write_class_folders(tmp_path / "data", "val", 6, 1)
    argv = [str(model), "--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache")]
    assert card.main(argv) == 2
    assert "give --run" in capsys.readouterr().err
    of_run = {"num_train": 1234, "num_val": 6, "hardware": "a CPU", "versions": {}, "autocast": "None", "hours": 0.5,
              "num_epochs": 2, "curve": [{"epoch": 1}], "trained_before": [{"recipe": "first", "hours": 0.25}]}  # fmt: skip
    old = {**of_run, "commit": Explorer.open(model, "cpu").info.commit, "compression": {"num_compared": 64}}
    path.write_text(json.dumps(old))
    assert card.main(argv) == 0
    facts = json.loads(path.read_text())
    assert {key: facts[key] for key in old} == old
    assert (facts["hours_in_all"], facts["one_crop"]["num_images"]) == (0.75, 6)
    for stale in ({**old, "commit": "another"}, {key: value for key, value in old.items() if key != "num_train"}):
        path.write_text(json.dumps(stale))
        assert card.main(argv) == 2
        assert "give --run" in capsys.readouterr().err
        assert json.loads(path.read_text()) == stale
    path.write_text(json.dumps({**old, "trained_before": [{"recipe": "first"}]}))
    assert card.main(argv) == 0
    assert json.loads(path.read_text())["hours_in_all"] is None  # one of them is not known


def test_what_compression_costs(tmp_path: Path) -> None:
    """Up to fc6 nothing is off; fc6 by the norm of the difference, here over two pictures."""
    write_toy(tmp_path / "full.onnx")
    onnx_file.write(tmp_path / "small.onnx", *onnx_file.read(tmp_path / "full.onnx"), onnx_file.COMPRESSIBLE)
    small, full = (Explorer.open(tmp_path / f"{name}.onnx", "cpu") for name in ("small", "full"))
    squares = np.stack([picture(0), picture(1)])
    ids = tuple(f"n{i}" for i in range(6))
    pictures = Prepared(squares, np.asarray([0, 1]), ids, np.zeros((3, 256, 256), np.float32), np.eye(3))
    found = card.compare(small, full, pictures)
    assert found["num_compared"] == found["full_precision_one_crop"]["num_images"] == 2
    assert found["layers_in_4_bits"] == ["fc6", "fc7"]
    assert found["activation_errors"]["pool5"] == 0
    ours, theirs = (np.stack([explorer.run(square)["fc6"] for square in squares]) for explorer in (small, full))
    expected = np.sqrt(np.square(ours - theirs).sum() / np.square(theirs).sum())
    assert 0 < expected < 0.3
    np.testing.assert_allclose(found["activation_errors"]["fc6"], expected, rtol=1e-3)
