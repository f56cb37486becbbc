"""What is being looked at: picture, model and view, in the session's state; its address is read and written in address.py."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, ParamSpec

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.once import once_a_run
from app.pages import OPENS_ON
from app.samples import FILES, sample_path
from app.text import t
from app.view import Edits, Lesions, View
from model import preprocess
from model.colours import colour_components
from model.explorer import Explorer
from model.layers import SQUARE_PX
from model.published import models_folder

MODELS = Path(__file__).parent.parent / "assets" / "models"
DEFAULT_SAMPLE = "cat"
MAX_UNDO = 50
P = ParamSpec("P")


@dataclass(frozen=True)
class Picture:
    """The picture in use: its name, its 256 x 256 square, and a key that changes with its pixels."""

    name: str
    square: npt.NDArray[np.uint8]
    key: str
    side_px: int = SQUARE_PX
    """Of the file's picture: its short side."""


# The view


def view() -> View:
    """What is being looked at now."""
    current: View = st.session_state.setdefault("view", View(sample=DEFAULT_SAMPLE))
    return current


def change(**fields: Any) -> None:
    """Look at something else: any fields of `View`. Lesions are remembered for `undo`.

    Lesions, galleries and their rows are one network's: with them it stays in use on pages that open on another one.
    """
    before = view()
    after = replace(before, **fields)
    if not after.model and (after.lesions.amounts or after.gallery or (after.query, after.why) != (None, None)):
        after = replace(after, model=model_name())
    if after.lesions != before.lesions:
        st.session_state["lesions_before"] = [*lesions_before(), before.lesions][-MAX_UNDO:]
    st.session_state["view"] = after
    st.session_state["changed_here"] = True


def use_model(name: str, **fields: Any) -> None:
    """Look with another model; units, places and rows of galleries are the earlier one's."""
    change(model=name, unit=None, place=None, query=None, why=None, **fields)


def lesions_before() -> list[Lesions]:
    """Earlier lesions, the latest last."""
    before: list[Lesions] = st.session_state.get("lesions_before", [])
    return before


def undo() -> None:
    """Take the last change of the lesions back."""
    if before := lesions_before():
        st.session_state["view"] = replace(view(), lesions=before[-1])
        st.session_state["lesions_before"] = before[:-1]
        st.session_state["changed_here"] = True


def reset_lesions() -> None:
    """Heal everything; `undo` brings it back."""
    change(lesions=Lesions())


def mute(target: str, amount: float) -> None:
    """Mute one target, 0..1 (see `Lesions`)."""
    change(lesions=view().lesions.with_amount(target, amount))


def picture_missing() -> bool:
    """Whether a link named a picture that is not in it, so that a sample stands in."""
    return bool(st.session_state.get("picture_missing"))


def is_shared() -> bool:
    """Whether the server is one for others (ALEXNET_SHARED=1): then no visitor names its folders or brings networks to it."""
    return os.environ.get("ALEXNET_SHARED") == "1"


# The model


@once_a_run
def model_paths() -> dict[str, Path]:
    """The models there are, by name: ALEXNET_MODEL first, then assets/models, then those that `model.convert` has made."""
    shipped, made = (
        {path.parent.name: path for path in sorted(folder.glob("*/model.onnx"))} for folder in (MODELS, models_folder())
    )
    paths = shipped | {name: path for name, path in made.items() if name not in shipped}
    if named := os.environ.get("ALEXNET_MODEL"):
        own = Path(named).expanduser().absolute()
        paths = {own.parent.name: own, **paths}
    return paths


def default_model(page: str) -> str:
    """Name of the model that a page opens on; empty when there is none. ALEXNET_MODEL names that of all pages."""
    names, own = list(model_paths()), OPENS_ON.get(page, "")
    return own if own in names and "ALEXNET_MODEL" not in os.environ else next(iter(names), "")


def model_name() -> str:
    """Name of the model in use."""
    return view().model if view().model in model_paths() else default_model(page())


def page() -> str:
    """Path of the page that is shown."""
    path: str = st.session_state.get("page", "")
    return path


def model_path(name: str = "") -> Path:
    """File of the model in use, or of the one named.

    Raises
    ------
    ValueError
        When there is none.
    """
    paths = model_paths()
    if not paths:
        raise ValueError(t("no_model"))
    return paths[name or model_name()]


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(path: str, changed_ns: int) -> Explorer:
    return Explorer.open(path)


def explorer(name: str = "") -> Explorer:
    """The model in use, or the one named, opened once for all users.

    Raises
    ------
    ValueError
        When there is none, or its file is not one of this project.
    """
    return _opened(model_path(name))


@once_a_run
def _opened(path: Path) -> Explorer:
    return _open(str(path), _changed_ns(path))


def model_key(name: str = "") -> str:
    """A word that changes with the model's file; it says nothing of where that is."""
    return _key(model_path(name))


@once_a_run
def _key(path: Path) -> str:
    return hashlib.sha256(f"{path}@{_changed_ns(path)}".encode()).hexdigest()[:16]


def _changed_ns(path: Path) -> int:
    """When a file was changed; 0 when it is missing, which `Explorer.open` then says in a sentence."""
    return path.stat().st_mtime_ns if path.exists() else 0


# Widgets


def show(widget: str, value: Any, reach: int = 0) -> None:
    """Let a widget show a value. Where it does, nothing is set: that would swallow a key press that is on its way.

    A slider that now reaches further, or less far, is another one to Streamlit, and has not the earlier one's value.
    """
    known = st.session_state.get(f"{widget} reach") == reach
    if not known or widget not in st.session_state or st.session_state[widget] != value:
        st.session_state.update({widget: value, f"{widget} reach": reach})


def while_shown(take: Callable[P, None]) -> Callable[P, None]:
    """A widget's callback that is heard on its own page alone.

    A browser may name the values of a page once more when the server has drawn the next one, which takes them for choices.
    """
    own = page()

    def heard(*args: P.args, **kwargs: P.kwargs) -> None:
        if page() == own:
            take(*args, **kwargs)

    return heard


# The picture


def picture() -> Picture:
    """The picture in use, before any edits; at first a sample."""
    if "picture" not in st.session_state:
        name = _known(view().sample)
        _read(name, sample_path(name))
        if name != view().sample:
            change(sample=name)
    chosen: Picture = st.session_state["picture"]
    return replace(chosen, name=t(f"sample_{view().sample}")) if view().sample in FILES else chosen


def choose(name: str, source: bytes | Path) -> None:
    """Make a file the picture in use, unedited; the one before stays when it cannot be read.

    Raises
    ------
    ValueError
        When it cannot be read: a sentence.
    """
    _read(name, source)
    change(sample="", place=None, edits=Edits())


def choose_sample(name: str) -> None:
    """Make a sample the picture in use, with the edits but for paint; an unknown name means the default."""
    name = _known(name)
    _read(name, sample_path(name))
    change(sample=name, place=None, edits=replace(view().edits, paint=b""))


def _known(name: str) -> str:
    return name if name in FILES else DEFAULT_SAMPLE


def _read(name: str, source: bytes | Path) -> None:
    opened = preprocess.read_picture(source)
    square, side_px = preprocess.to_square(opened), min(opened.size)
    square.flags.writeable = False
    if "picture" in st.session_state:  # the first one is but a stand-in
        st.session_state["picture_missing"] = False
    key = hashlib.sha256(square.tobytes() + str(side_px).encode()).hexdigest()
    st.session_state["picture"] = Picture(name, square, key, side_px)


def colour_axes() -> npt.NDArray[np.float32] | None:
    """RGB's principal components in the model's training set, (3, 3) in grey levels, or None if its file has none."""
    return _axes(explorer())


def colour_scale() -> Literal["eigenvalue", "stdev"]:
    """What an alpha multiplies: the paper's eigenvalue where the model was trained so, else the 2012 code's deviation."""
    return "eigenvalue" if explorer().info.recipe.get("colour_noise") == "eigenvalue" else "stdev"


@once_a_run
def _axes(opened: Explorer) -> npt.NDArray[np.float32] | None:
    info = opened.info
    if info.covariance is None:
        return None
    return colour_components(info.covariance, colour_scale())


def mean_colour() -> npt.NDArray[np.uint8]:
    """The training set's mean colour, which is zero to the network."""
    return _mean_colour(explorer())


@once_a_run
def _mean_colour(opened: Explorer) -> npt.NDArray[np.uint8]:
    mean = opened.mean
    colour: npt.NDArray[np.uint8] = np.round(mean.reshape(3, -1).mean(1)).astype(np.uint8)
    return colour


def edited_square(model: str = "") -> npt.NDArray[np.uint8]:
    """The picture with its paint, as sharp as the model in use, or the one named, has learned to see."""
    return softened(view().edits.painted(picture().square, mean_colour()), model)


def softened(square: npt.NDArray[np.uint8], model: str = "") -> npt.NDArray[np.uint8]:
    """The picture in use, or what became of it, as sharp as the model in use, or the one named, has learned to see."""
    return preprocess.soften(square, explorer(model).info.detail_px, picture().side_px)


def is_softened() -> bool:
    """Whether the picture in use is too sharp for the model in use."""
    detail_px = explorer().info.detail_px
    return detail_px is not None and picture().side_px > detail_px


def crop_view(model: str = "") -> preprocess.View:
    """Which crop of the edited square the network sees, the one in use or the one named."""
    axes = colour_axes()
    return view().edits.crop_view(
        np.zeros((3, 3), np.float32) if axes is None else axes, explorer(model).config.crop_px
    )
