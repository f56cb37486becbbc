"""A model and pictures that galleries are built from."""

from pathlib import Path

import pytest

from tests.toys import write_class_folders, write_toy


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "toy" / "model.onnx"
    path.parent.mkdir()
    write_toy(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """24 pictures of 4 classes; the 6th and the 14th cannot be read."""
    write_class_folders(tmp_path, "photos", 4, 6)
    for name in ("n0/5.png", "n2/1.png"):
        (tmp_path / "photos" / name).write_bytes(b"broken")
    return tmp_path / "photos"
