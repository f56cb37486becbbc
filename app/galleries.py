"""The galleries there are, the one in use, and its nearest pictures to what is asked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, state
from app.figures import probability_text
from app.once import once_a_run
from app.text import class_word, t
from app.view import MAX_NEIGHBOURS
from model import preprocess
from model.gallery.search import CodeIndex, Neighbour, exact, reranked
from model.gallery.store import Gallery, file_hash, pixels, thumbnails_path

ROOT = Path(__file__).parent.parent
SHIPPED = "gallery.pq"
LAYERS = ("fc7", "fc6", "pool5", "pixels")
OF_MODEL = "~model"  # the gallery that came with the model; no folder is called so
EXACT_UP_TO = 10_000  # pictures; above, codes find candidates and only those are measured
MAX_OWN = 50

_open_now: WeakValueDictionary[str, Gallery] = WeakValueDictionary()


@dataclass(frozen=True, eq=False)
class Query:
    """What neighbours are asked for: the picture in use, or one of the gallery's own."""

    key: str
    name: str
    row: int | None
    features: Mapping[str, npt.NDArray[Any]]
    """(units,) by layer; "pixels" are those of the picture at 32 x 32."""
    is_moved: bool = False
    """Whether lesions move a picture of the gallery from the place that it has there."""
    is_intact: bool = False
    """Whether lesions should be in them and are not, since the picture's pixels cannot be read."""
    picture: str = ""
    """A word for a visitor's own picture that lesions do not change; empty for one of the gallery's."""


def folder() -> Path:
    """Where galleries are built: the folder `galleries`, or what ALEXNET_GALLERIES names."""
    return Path(os.environ.get("ALEXNET_GALLERIES") or ROOT / "galleries")


@once_a_run
def paths() -> dict[str, Path]:
    """The galleries of the model in use, by name: the one that came with it, then those that were built here.

    One that the view names is there whatever built it, so that opening it says what is wrong.
    """
    shipped = state.model_path().parent / SHIPPED
    built = {
        path.parent.name: path.parent
        for path in sorted(folder().glob("*/gallery.json"))
        if path.parent.name == state.view().gallery
        or _model_of(str(path), path.stat().st_mtime_ns)
        in ("", _model_hash(state.model_key(), str(state.model_path())))
    }
    return ({OF_MODEL: shipped} if shipped.exists() else {}) | built


@st.cache_resource(max_entries=64, show_spinner=False)
def _model_of(about: str, changed_ns: int) -> str:
    """The hash of the model that a gallery was built with; empty where its file cannot be read."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads(Path(about).read_text(encoding="utf-8"))["model_hash"])
    return ""


@st.cache_resource(max_entries=16, show_spinner=False)
def _model_hash(key: str, path: str) -> str:
    return file_hash(path)


def title(known: str) -> str:
    """What a gallery is called on the screen."""
    return t("gallery_shipped", model=state.model_name()) if known == OF_MODEL else known


def name() -> str:
    """Name of the gallery in use; empty when there is none."""
    names = list(paths())
    return state.view().gallery if state.view().gallery in names else names[0] if names else ""


@st.cache_resource(max_entries=8, show_spinner=False)
def _open(key: str, path: str, model: str) -> Gallery:
    return Gallery.open(path, model, thumbnails_path(Path(path), folder()))


@once_a_run
def key() -> str:
    """A word that changes with the gallery in use; it says nothing of where that is."""
    path = paths()[name()]
    file = path / "gallery.json" if path.is_dir() else path
    kept = thumbnails_path(path, folder())
    stamps = [one.stat().st_mtime_ns for one in (file, kept) if one.exists()]
    return hashlib.sha256(f"{path}@{stamps} {state.model_key()}".encode()).hexdigest()[:16]


def gallery() -> Gallery | None:
    """The gallery in use, opened once for all users; None when there is none.

    Raises
    ------
    ValueError
        When it was built with another model, or is damaged: a sentence.
    """
    if not name():
        return None
    now = key()
    opened = _open(now, str(paths()[name()]), str(state.model_path()))
    _open_now[now] = opened
    return opened


@once_a_run
def key_of(of: Gallery) -> str:
    """The key of a gallery that is open."""
    return next(ref.key for ref in _open_now.valuerefs() if ref() is of)  # a list: other visitors open more meanwhile


def asked_for(gallery_key: str, row: int, kind: str) -> bytes | None:
    """What a browser asks of a gallery that is open, by its key: a picture's "webp", or in "json" what it is; or None."""
    opened = _open_now.get(gallery_key)
    if opened is None or not 0 <= row < len(opened):
        return None
    if kind == "webp":
        return opened.thumbnail(row)
    prediction = opened.classes[int(opened.predictions[row])]
    says = t("map_predicted", name=class_word(prediction), probability=probability_text(float(opened.confidences[row])))
    return json.dumps({"lines": [label(opened, row), says, opened.names[row].rsplit("/", 1)[-1]]}).encode()


def wrong(of: Gallery) -> npt.NDArray[np.bool_]:
    """(n,), whether the prediction is another class than the label, by name."""
    predicted = np.array(of.classes)[of.predictions]
    actual = np.array((*of.class_names, ""))[of.labels]  # -1 is the last
    return np.asarray((predicted != actual) & (of.labels >= 0))


def address(of: Gallery, row: int) -> str:
    """Of one picture's thumbnail, as `app/main.py` serves it; empty where there is none."""
    if row >= len(of.names):
        return own()[row - len(of.names)].picture
    return f"gallery/{key_of(of)}/{row}.webp" if of.has_thumbnail(row) else ""


def shown_path() -> str:
    """Where the gallery in use lies, from the working folder where it is below that."""
    path = paths()[name()]
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


@dataclass(frozen=True, eq=False)
class Own:
    """A picture that a visitor put beside the gallery's; nobody else sees it. Its row follows the gallery's last."""

    query: Query
    """As the intact network sees it, like all that are searched."""
    picture: str
    """Its picture as an address of its own."""
    square: npt.NDArray[np.uint8]
    crop: preprocess.View
    """What the network sees of the square."""


def own() -> list[Own]:
    """This session's, for the model in use."""
    kept: list[Own] = st.session_state.setdefault(f"own_{state.model_key()}", [])
    return kept


def is_kept(query: Query) -> bool:
    """Whether the picture that asks is beside the gallery's already."""
    return any(one.query.picture == query.picture for one in own())


def keep(query: Query, picture: str) -> None:
    """Put the picture that asks beside the gallery's."""
    if not is_kept(query) and len(own()) < MAX_OWN:
        own().append(Own(in_use(intact=True), picture, state.edited_square(), state.crop_view()))


def features(of: Gallery, row: int) -> Mapping[str, npt.NDArray[Any]]:
    """(units,) by layer, of one picture."""
    if row >= len(of.names):
        return own()[row - len(of.names)].query.features
    return {layer: np.asarray(of.features[layer][row]) for layer in of.features}


def label(of: Gallery, row: int) -> str:
    """What a picture is called: its class, or its file's name where it has none."""
    if row >= len(of.names):
        return own()[row - len(of.names)].query.name
    number = int(of.labels[row])
    return class_word(of.class_names[number]) if number >= 0 else of.names[row].rsplit("/", 1)[-1]


def query(of: Gallery) -> Query:
    """What is asked: the gallery's picture that the view names, else the picture in use with its edits and lesions."""
    row = state.view().query
    if row is not None and row < len(of.names) + len(own()):
        return _of_row(of, row)
    return in_use()


def in_use(intact: bool = False) -> Query:
    """The picture in use asks; as the network without lesions sees it if `intact`."""
    seen = answers.activations(intact)
    asked = {layer: seen[layer].ravel() for layer in LAYERS if layer != "pixels"}
    return Query(
        answers.key(intact), state.picture().name, None, asked | {"pixels": pixels(state.edited_square())},
        picture=answers.key(intact=True),
    )  # fmt: skip


def _of_row(of: Gallery, row: int) -> Query:
    """A picture that is searched asks: as the network with its lesions sees it, where its pixels can be read."""
    mine = own()[row - len(of.names)] if row >= len(of.names) else None
    known = replace(mine.query, row=row) if mine else Query(f"row {row}", label(of, row), row, features(of, row))
    if not answers.gains():
        return known
    try:
        square = mine.square if mine else _square((key_of(of), row), of)
    except ValueError:
        return replace(known, is_intact=True)
    key = f"{key_of(of)} {known.key} {sorted(state.view().lesions.amounts.items())}"
    seen = answers.of_square(key, square, mine.crop if mine else preprocess.centre(state.explorer().config.crop_px))
    return replace(
        known,
        key=key,
        is_moved=True,
        features={**known.features, **{layer: seen[layer].ravel() for layer in seen if layer in known.features}},
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _square(keys: tuple[str, int], _gallery: Gallery) -> npt.NDArray[np.uint8]:
    return _gallery.square(keys[1])


@st.cache_resource(max_entries=8, show_spinner=False)
def _codes(keys: tuple[str, str], _gallery: Gallery) -> CodeIndex:
    return CodeIndex(_gallery.codes[keys[1]])


@once_a_run
def _code(of: Gallery, asked: Query) -> npt.NDArray[np.uint8]:
    """Of fc7, (bits / 8,)."""
    code: npt.NDArray[np.uint8] = of.encoders["fc7"].encode(asked.features["fc7"][None])[0]
    return code


@st.cache_resource(max_entries=256, ttl=3600, show_spinner=False)
def _nearest(keys: tuple[str, ...], count: int, _gallery: Gallery, _query: Query) -> tuple[Neighbour, ...]:
    gallery_key, _, layer = keys
    if layer == "codes":
        return _codes((gallery_key, "fc7"), _gallery).nearest(_code(_gallery, _query), count)
    features, asked = _gallery.features[layer], np.asarray(_query.features[layer], np.float32)
    if layer in _gallery.flat:
        return _gallery.flat[layer].nearest(asked, count)
    if len(features) <= EXACT_UP_TO or layer not in _gallery.codes:
        return exact(features, asked, count)
    code = _gallery.encoders[layer].encode(asked[None])[0]
    return reranked(features, _codes((gallery_key, layer), _gallery), asked, code, count)


def nearest_within(of: Gallery, asked: Query, layer: str) -> tuple[Neighbour, ...]:
    """The gallery's own nearest pictures, as many as can be asked for and one that may be the one that asks."""
    return _nearest((key_of(of), asked.key, layer), min(MAX_NEIGHBOURS + 1, len(of.names)), of, asked)


def nearest_among(of: Gallery, asked: Query, rows: npt.NDArray[np.int64]) -> tuple[Neighbour, ...]:
    """As `nearest_within` in fc7, but among some rows alone, such as those of very many that have a place on a map."""
    if len(rows) == len(of):
        return nearest_within(of, asked, "fc7")
    codes, features = _codes_among((key_of(of), len(rows)), of, rows), np.asarray(asked.features["fc7"], np.float32)
    count = min(MAX_NEIGHBOURS + 1, len(rows))
    return reranked(of.features["fc7"], codes, features, _code(of, asked), count, among=rows) if count else ()


@st.cache_resource(max_entries=4, show_spinner=False)
def _codes_among(keys: tuple[str, int], _gallery: Gallery, _rows: npt.NDArray[np.int64]) -> CodeIndex:
    return CodeIndex(_gallery.codes["fc7"][_rows])


def nearest(of: Gallery, asked: Query, layer: str, k: int) -> tuple[Neighbour, ...]:
    """The k nearest pictures in a layer's features, "pixels" or "codes", nearest first; never the one that asks."""
    found = nearest_within(of, asked, layer)
    together = sorted(found + tuple(_own_distances(of, asked, layer)), key=lambda one: (one.distance, one.row))
    return tuple(one for one in together if one.row != asked.row)[:k]


def _own_distances(of: Gallery, asked: Query, layer: str) -> Iterator[Neighbour]:
    """The session's own pictures, all but the one that asks."""
    for row, one in enumerate(own(), len(of.names)):
        if one.query.picture == asked.picture:
            continue
        if layer == "codes":
            yield Neighbour(row, float(np.unpackbits(_code(of, one.query) ^ _code(of, asked)).sum()))
        else:
            difference = one.query.features[layer].astype(np.float64) - asked.features[layer].astype(np.float64)
            yield Neighbour(row, float(difference @ difference))
