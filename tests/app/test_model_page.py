"""The page Model, without a browser: what it shows of a card and a report."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.app.frame import open_page, text


def test_card_is_shown(app: AppTest, tmp_path: Path) -> None:
    app.run()
    open_page(app, "model")
    assert "This model has no card" in text(app)
    card = (
        '{"num_epochs": 3, "recipe": {"name": "toy"}, "data": "7 pictures", "hours": 1.25, "hardware": "a CPU",'
        ' "commit": "abc", "limits": ["It knows nothing."], "one_crop": {"top1_error": 12.345, "top5_error": 1,'
        ' "num_images": 7854}, "ten_crop": {"top1_error": 11, "top5_error": 0.5},'
        ' "trained_before": [{"recipe": "half", "epochs": 32}, {"recipe": "other", "epochs": 17.5}]}'
    )
    (tmp_path / "toy" / "card.json").write_text(card)
    open_page(app, "model")
    assert "Trained for 3 epochs, 1.2 hours on a CPU" in text(app)
    assert "hours in all" not in text(app)  # an older card
    assert "but with trained weights: half (32 epochs), then other (17.5 epochs)." in text(app)
    assert "7,854 pictures: one crop 12.35 / 1.00 %, ten crops 11.00 / 0.50 %" in text(app)
    assert "It knows nothing." in text(app)


def test_a_card_of_two_networks_side_by_side(app: AppTest, tmp_path: Path) -> None:
    before = [{"recipe": name, "epochs": 7, "side": side} for name, side in (("a", 1), ("b", 2), ("c", 2))]
    error = {"top1_error": 1.0, "top5_error": 0.0, "num_images": 9}
    card = {
        "num_epochs": 3, "recipe": {"name": "toy"}, "data": "7 pictures", "hours": 1, "hardware": "a CPU", "commit": "abc",
        "limits": [], "one_crop": error, "ten_crop": error, "trained_before": [*before, {"recipe": "d", "epochs": 2}, {"recipe": "e"}],
        "hours_in_all": 7.5, "megabytes": 43.21, "parity": {"activation_errors": {"conv1": 1e-6, "fc8": 3.2e-6}},
    }  # fmt: skip
    app.run()
    (tmp_path / "toy" / "card.json").write_text(json.dumps(card))
    open_page(app, "model")
    assert "that were trained apart, a (7 epochs) and b (7 epochs), then c (7 epochs), were put side by side" in text(
        app
    )
    assert "Then it was trained as d (2 epochs), then e." in text(app)
    assert "With the trainings before it, 7.5 hours in all." in text(app)
    assert "The file has 43.2 MB. On the pictures compared, no activation is off by more than 0.0004 %" in text(app)


def test_curves_are_shown(app: AppTest, tmp_path: Path) -> None:
    """Those of the training, when they are unfolded: rate, loss, errors."""
    error = {"top1_error": 1.0, "top5_error": 0.0, "num_images": 9}
    epochs = [(1, 0.01, 3.125, 90.0, 70.0), (2, 0.005, 2.5, 60.0, 30.0)]
    keys = ("epoch", "lr", "train_loss", "val_top1_error", "val_top5_error")
    card = {
        "num_epochs": 2, "recipe": {"name": "toy"}, "data": "7 pictures", "hours": 1, "hardware": "a CPU", "commit": "abc",
        "limits": [], "one_crop": error, "ten_crop": error, "curve": [dict(zip(keys, row, strict=True)) for row in epochs],
    }  # fmt: skip
    app.run()
    (tmp_path / "toy" / "card.json").write_text(json.dumps(card))
    open_page(app, "model")
    app.session_state["model_curves"] = True  # as a click does
    app.run()
    assert not app.exception
    assert "from 3.12 in the first of these epochs to 2.50 in the last" in text(app)
    assert "at the end 60.0 % top-1, 30.0 % top-5" in text(app)


def test_report_is_shown(app: AppTest, tmp_path: Path) -> None:
    app.run()
    classes = [
        {"id": f"n{name}", "name": name, "num_images": 2, "top1_error": 50.0, "top5_error": 0.0} for name in "abcdef"
    ]
    errors = {"num_images": 12, "top1_interval": [40.0, 60.0], "top5_interval": [0.0, 25.125]}
    report = {"views": "one crop", "errors": errors, "per_class": classes, "confusion_matrix": [[1] * 6] * 6}
    report["confusions"] = [{"true": "nb", "guess": "na", "num_images": 2}]
    (tmp_path / "toy" / "report.json").write_text(json.dumps(report))
    open_page(app, "model")
    assert "What is most often taken for what:" not in text(app)
    app.session_state["model_report"] = True  # as a click does
    app.run()
    assert "one crop on 12 validation pictures" in text(app)
    assert "between 40.00 and 60.00 %, the top-5 error between 0.00 and 25.12 %" in text(app)
    assert "What is most often taken for what:" in text(app)
    assert app.dataframe[1].value.to_numpy().tolist() == [["b", "a", 2]]
