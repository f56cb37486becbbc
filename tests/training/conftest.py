"""Pictures for a toy run."""

from pathlib import Path

import pytest

import training.recipe
from tests.toys import write_class_folders
from tests.training.toy_run import RECIPE


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_class_folders(tmp_path / "data", "train", 6, 3, side_px=64)
    write_class_folders(tmp_path / "data", "val", 6, 1, side_px=64)
    monkeypatch.setattr(training.recipe, "load", lambda name: RECIPE)
    return tmp_path
