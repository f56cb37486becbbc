"""A card says what the run's files and the evaluation say."""

import json
from pathlib import Path

from tests.toys import write_class_folders, write_toy
from training import card


def test_card(tmp_path: Path) -> None:
    model, run = tmp_path / "toy" / "model.onnx", tmp_path / "run"
    model.parent.mkdir()
    run.mkdir()
    write_toy(model)
    write_class_folders(tmp_path / "data", "val", 6, 1)
    how = {"num_train": 1234, "num_val": 6, "hardware": "a CPU", "versions": {}, "autocast": "None"}
    (run / "run.json").write_text(json.dumps(how))
    row = {"train_loss": 1.5, "val_top1_error": 50.0, "val_top5_error": 10.0, "wall_seconds": 900.0}
    (run / "metrics.jsonl").write_text("".join(json.dumps({"epoch": i + 1, **row}) + "\n" for i in range(2)))
    argv = [str(model), "--run", str(run), "--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache")]
    assert card.main(argv) == 0
    facts = json.loads((model.parent / "card.json").read_text())
    assert (facts["name"], facts["num_epochs"], facts["hours"]) == ("toy", 2, 0.5)
    assert facts["one_crop"]["num_images"] == 6
    assert facts["ten_crop"]["crops"] == 10
    assert "trained on 1,234 pictures" in facts["limits"][1]
    assert card.main([*argv[:2], str(tmp_path / "nowhere"), *argv[3:]]) == 2
