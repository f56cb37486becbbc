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

# ILSVRC's classes that name something in each; a network that has none of them can only be wrong.
NAMED = {
    "cat": {"n02123045", "n02123159", "n02123394", "n02123597", "n02124075"},  # five cats
    "astronaut": {"n03355925", "n04266014"},  # flagpole, space shuttle
    "coffee": {
        "n03063599",
        "n03201208",
        "n07579787",
        "n07920052",
        "n07930864",
    },  # mug, dining table, plate, espresso, cup
    "rocket": {"n03126707", "n03773504", "n04008634", "n04266014"},  # crane, missile, projectile, space shuttle
    "motorcycles": {"n03785016", "n03791053"},  # moped, motor scooter
    "palace": {"n03781244", "n03877845"},  # monastery, palace
    "flower": {"n11939491"},  # daisy
}


def sample_path(name: str) -> Path:
    """The file of a sample; found without importing its package."""
    package, file = FILES[name]
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / file
