"""A run's kernels, packed and read again; the shipped history ends in the shipped model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from model import history, onnx_file
from tests.test_shipped_model import both, card_of
from training.history import inherit, main, on_one_map, pack


def write_run(folder: Path, moments: int) -> Path:
    """A run of two kernels: moment m holds weights from -m to 3 m."""
    (folder / "kernels").mkdir(parents=True)
    for m in range(moments):
        kernels = np.zeros((2, 3, 11, 11), np.float16)
        kernels[0, 0, 0, 0], kernels[1, 2, 10, 9] = -m, 3 * m
        np.save(folder / "kernels" / f"conv1_{m:03d}.npy", kernels)
    rows: list[dict[str, float]] = [
        {"epoch": m, "val_top1_error": 90.0 - m, "val_top5_error": 50.0 - m} for m in range(1, moments)
    ]
    rows[-1]["num_judged"] = 1000
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_pack_by_hand(tmp_path: Path) -> None:
    packed = pack(write_run(tmp_path / "run", 3))
    assert packed.epochs.tolist() == [0, 1, 2]
    assert packed.codes.shape == (3, 2, 11, 11, 3)
    assert not packed.codes[0].any()  # a plain moment
    assert packed.codes[2, 0, 0, 0].tolist() == [0, 64, 64]  # -2 .. 6 over 0 .. 255: zero is 63.75
    assert packed.codes[2, 1, 10, 9].tolist() == [64, 64, 255]
    assert (packed.lows.tolist(), packed.highs.tolist()) == ([0, -1, -2], [0, 3, 6])
    assert np.isnan(packed.errors[0]).all()
    assert packed.errors[2].tolist() == [88, 48]
    assert packed.num_judged is not None
    assert packed.num_judged.tolist() == [0, 0, 1000]  # an older program's metrics do not say
    packed.write(tmp_path / "history.npz")
    again = history.read(tmp_path / "history.npz").num_judged
    assert again is not None
    assert again.tolist() == [0, 0, 1000]
    assert packed.kernels(2)[1, 2, 10, 9] == pytest.approx(6)
    assert packed.kernels(2)[0, 0, 0, 0] == -2


def tell(folder: Path, moments: dict[str, npt.NDArray[Any]], marks: int = 0, ids: tuple[str, ...] = ("a", "b")) -> None:
    """Three pictures whose fc7 is given, the last one always taken for class 0."""
    (folder / "pictures").mkdir(exist_ok=True)
    for name, features in moments.items():
        np.savez(
            folder / "pictures" / f"{name}.npz", class_ids=np.asarray(ids), rows=np.arange(3), labels=np.asarray([0, 1, 1]),
            marks=np.arange(3, dtype=np.uint32) + marks, fc7=features.astype(np.float32),
            probabilities=np.asarray([[0.75, 0.25], [0.25, 0.75], [1, 0]], np.float32),
        )  # fmt: skip


CROSS = np.asarray([[4, 0, 1], [-2, 1, 1], [-2, -1, 1]])
"""Principal axes by hand: the first unit, variance 24, then the second, variance 2."""


def test_pictures_by_hand(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 3)
    tell(run, {"001": CROSS[:, [1, 0, 2]] + 7, "002": CROSS})
    shown = pack(run).pictures
    assert shown
    assert shown.class_ids == ("a", "b")
    assert [shown.is_asked(moment) for moment in range(3)] == [False, True, True]
    assert shown.guesses[2].tolist() == [[0, 1], [1, 0], [0, 1]]
    assert shown.probabilities[2].tolist() == [[0.75, 0.25], [0.75, 0.25], [1, 0]]
    assert np.isnan(shown.places[0]).all()
    np.testing.assert_allclose(np.abs(shown.places[2]), np.abs(CROSS[:, :2]) / 4, atol=1e-6)
    # the same map at the moment before: the first two units had each other's values, and seven more
    np.testing.assert_allclose(shown.places[1][:, ::-1], shown.places[2] * [1, 1], atol=1e-6)


def test_an_earlier_training_comes_first_on_the_same_map(tmp_path: Path) -> None:
    """Earlier places turned by a quarter, and twice as large, are brought back to where the later training begins."""
    first, second = write_run(tmp_path / "first", 3), write_run(tmp_path / "second", 3)
    turned = np.stack([CROSS[:, 1], 2 * CROSS[:, 0], CROSS[:, 2]], 1)
    tell(first, {"000": 0 * CROSS, "001": CROSS / 2, "002": CROSS})
    tell(second, {"000": CROSS, "001": turned, "002": turned})
    (second / "run.json").write_text(json.dumps({"from": "first/checkpoint.pt"}))
    assert "3 moments" in inherit(first / "model.onnx", second)
    told, alone = pack(second), pack(first)
    assert told.epochs.tolist() == [0, 1, 2, 1, 2]
    assert (told.num_earlier, told.from_random) == (3, True)
    assert told.errors[:, 0].tolist()[1:] == [89, 88, 89, 88]
    assert told.pictures
    own = on_one_map([CROSS.astype(np.float32), turned.astype(np.float32)])
    np.testing.assert_allclose(told.pictures.places[2], own[0], atol=2e-3)  # 16-bit floats
    np.testing.assert_allclose(told.pictures.places[1], own[0] / 2, atol=2e-3)
    assert alone.pictures
    tell(second, {"000": CROSS, "001": turned, "002": turned}, marks=5)
    other = pack(second)
    assert other.pictures
    assert [other.pictures.is_asked(moment) for moment in range(5)] == [False, False, False, True, True]
    assert np.isnan(other.errors[:3]).all()  # of other pictures, so not to be compared


def test_an_earlier_training_of_other_kernels_is_left_out(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "first", 3), write_run(tmp_path / "second", 3)
    for file in (first / "kernels").iterdir():
        np.save(file, np.zeros((1, 3, 11, 11), np.float16))
    (second / "run.json").write_text(json.dumps({"from": "first/checkpoint.pt"}))
    inherit(first / "model.onnx", second)
    told = pack(second)
    assert (len(told.epochs), told.num_earlier, told.from_random) == (3, 0, False)
    assert "no history" in inherit(tmp_path / "nowhere" / "model.onnx", second)


def test_first_and_last_are_among_the_chosen(tmp_path: Path) -> None:
    packed = pack(write_run(tmp_path / "run", 9), max_moments=5)
    assert packed.epochs.tolist() == [0, 2, 4, 6, 8]


def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, dest = write_run(tmp_path / "run", 3), tmp_path / "history.npz"
    tell(run, {"000": 0 * CROSS, "001": 2 * CROSS, "002": CROSS})
    assert main([str(run), str(dest)]) == 0
    assert capsys.readouterr().out.startswith("3 moments, epochs 0 to 2, ")
    found, packed = history.read(dest), pack(run)
    for part in ("epochs", "codes", "lows", "highs"):
        assert (getattr(found, part) == getattr(packed, part)).all()
    assert found.pictures
    assert packed.pictures
    for part in ("class_ids", "labels", "rows", "marks", "guesses"):
        assert np.array_equal(getattr(found.pictures, part), getattr(packed.pictures, part))
    np.testing.assert_allclose(found.pictures.places, packed.pictures.places, atol=1e-3)
    assert found.errors == pytest.approx(packed.errors, nan_ok=True)


def test_sentences_for_what_is_no_run_and_no_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "history.npz")]) == 2
    assert "has no kernels/conv1_*.npy; give a folder that training.run wrote." in capsys.readouterr().err
    assert main([str(tmp_path), str(tmp_path / "history")]) == 2
    assert "has to end in .npz." in capsys.readouterr().err
    with pytest.raises(ValueError, match="There is no history at"):
        history.read(tmp_path / "history.npz")
    (tmp_path / "history.npz").write_bytes(b"nothing")
    with pytest.raises(
        ValueError, match=r"history\.npz is no history of this project; make one with python -m training"
    ):
        history.read(tmp_path / "history.npz")


def test_run_without_metrics(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 2)
    (run / "metrics.jsonl").unlink()
    assert np.isnan(pack(run).errors).all()


@both
def test_shipped_history_ends_in_the_shipped_model(model: Path) -> None:
    """Its last kernels are the file's, to half a step of 8 bits and what 16-bit floats round, 2 ** -11 of the largest."""
    found = history.read(model.parent / "history.npz")
    kernels = onnx_file.read(model)[1]["conv1.weight"]
    step = (found.highs[-1] - found.lows[-1]) / 255
    off = np.abs(found.kernels(-1) - kernels).max()
    assert off <= step / 2 + 2**-11 * np.abs(kernels).max()
    assert 20 <= len(found.epochs) <= 40
    assert found.epochs[0] == 0
    card = card_of(model)
    assert found.epochs[-1] == card["num_epochs"]
    assert found.errors[-1] == pytest.approx([card["curve"][-1][f"val_top{k}_error"] for k in (1, 5)], abs=1e-3)
