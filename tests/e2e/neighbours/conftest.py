"""A gallery of coloured pictures, built for the shipped model, and a server that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.gallery.build import build
from model.gallery.store import Gallery
from tests.e2e.conftest import serving
from tests.e2e.neighbours.actions import NUM_CLASSES, PER_CLASS
from tests.test_shipped_model import OF_200
from tests.toys import write_class_folders


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a gallery of coloured pictures built for the shipped model."""
    root = tmp_path_factory.mktemp("neighbours")
    write_class_folders(root, "photos", NUM_CLASSES, PER_CLASS)
    build(OF_200, root / "photos", root / "galleries" / "colours")
    return root


@pytest.fixture(scope="module")
def gallery(place: Path) -> Gallery:
    return Gallery.open(place / "galleries" / "colours", OF_200)


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[str]:
    with serving("app/main.py", place) as address:
        yield address
