"""Free sample pictures that installed packages ship: scikit-image's and scikit-learn's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

FILES = {
    "cat": ("skimage", "data/chelsea.png"),
    "astronaut": ("skimage", "data/astronaut.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "motorcycles": ("skimage", "data/motorcycle_left.png"),
    "palace": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}


def sample_path(name: str) -> Path:
    """The file of a sample; found without importing its package."""
    package, file = FILES[name]
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / file
