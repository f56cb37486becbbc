"""Some pictures of a gallery, as files to take home: names and coordinates, never the pictures."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt

from model.gallery.store import Gallery

AXES = "xyz"


def to_csv(gallery: Gallery, rows: npt.NDArray[np.int64]) -> str:
    """A line a picture: row (from 1), name, class, prediction, confidence, and its place on every map."""
    return _csv(
        ["row", *_FACTS, *_places(gallery)], ([int(row) + 1, *_facts(gallery, row), *_at(gallery, row)] for row in rows)
    )


def to_zip(gallery: Gallery, rows: npt.NDArray[np.int64]) -> bytes:
    """names.csv and coordinates.csv of the same rows, and about.json: the gallery, its model, its map's parameters."""
    names = _csv(["row", *_FACTS], ([int(row) + 1, *_facts(gallery, row)] for row in rows))
    places = _csv(["row", *_places(gallery)], ([int(row) + 1, *_at(gallery, row)] for row in rows))
    about = {name: gallery.about[name] for name in ("model", "model_hash", "map")}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("names.csv", names)
        archive.writestr("coordinates.csv", places)
        archive.writestr("about.json", json.dumps({**about, "pictures": len(rows)}, indent=1))
    return file.getvalue()


_FACTS = ("name", "class", "prediction", "confidence")


def _csv(header: list[str], lines: Any) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return file.getvalue()


def _facts(gallery: Gallery, row: np.int64) -> list[str]:
    label = int(gallery.labels[row])
    return [
        gallery.names[row],
        gallery.class_names[label] if label >= 0 else "",
        gallery.classes[int(gallery.predictions[row])],
        f"{gallery.confidences[row]:.4f}",
    ]


def _places(gallery: Gallery) -> list[str]:
    return [f"{name} {axis}" for name, array in gallery.maps.items() for axis in AXES[: array.shape[1]]]


def _at(gallery: Gallery, row: np.int64) -> list[str]:
    return [f"{value:.5g}" for array in gallery.maps.values() for value in array[row]]
