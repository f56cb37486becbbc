"""A run's kernels, packed and read again; the shipped history ends in the shipped model."""

import json
from pathlib import Path

import numpy as np
import pytest

from model import history, onnx_file
from tests.test_shipped_model import CARD, MODEL
from training.history import main, pack


def write_run(folder: Path, moments: int) -> Path:
    """A run of two kernels: moment m holds weights from -m to 3 m."""
    (folder / "kernels").mkdir(parents=True)
    for m in range(moments):
        kernels = np.zeros((2, 3, 11, 11), np.float16)
        kernels[0, 0, 0, 0], kernels[1, 2, 10, 9] = -m, 3 * m
        np.save(folder / "kernels" / f"conv1_{m:03d}.npy", kernels)
    rows = [{"epoch": m, "val_top1_error": 90.0 - m, "val_top5_error": 50.0 - m} for m in range(1, moments)]
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
    assert packed.kernels(2)[1, 2, 10, 9] == pytest.approx(6)
    assert packed.kernels(2)[0, 0, 0, 0] == -2


def test_first_and_last_are_among_the_chosen(tmp_path: Path) -> None:
    packed = pack(write_run(tmp_path / "run", 9), max_moments=5)
    assert packed.epochs.tolist() == [0, 2, 4, 6, 8]


def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, dest = write_run(tmp_path / "run", 3), tmp_path / "history.npz"
    assert main([str(run), str(dest)]) == 0
    assert capsys.readouterr().out.startswith("3 moments, epochs 0 to 2, ")
    found, packed = history.read(dest), pack(run)
    for part in ("epochs", "codes", "lows", "highs"):
        assert (getattr(found, part) == getattr(packed, part)).all()
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


def test_shipped_history_ends_in_the_shipped_model() -> None:
    """Its last kernels are the file's, to half a step of 8 bits and what 16-bit floats round, 2 ** -11 of the largest."""
    found = history.read(MODEL.parent / "history.npz")
    kernels = onnx_file.read(MODEL)[1]["conv1.weight"]
    step = (found.highs[-1] - found.lows[-1]) / 255
    off = np.abs(found.kernels(-1) - kernels).max()
    assert off <= step / 2 + 2**-11 * np.abs(kernels).max()
    assert 20 <= len(found.epochs) <= 40
    assert found.epochs[0] == 0
    card = json.loads(CARD.read_text())
    assert found.epochs[-1] == card["num_epochs"]
    assert found.errors[-1] == pytest.approx([card["curve"][-1][f"val_top{k}_error"] for k in (1, 5)], abs=1e-3)
