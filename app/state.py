"""What is being looked at: picture, model, layer, unit. The one place that reads and writes the session's state."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.samples import FILES, sample_path
from app.text import t
from model import preprocess
from model.explorer import Activations, Explorer, TenCrops
from model.gallery import Gallery

MODELS = Path(__file__).parent.parent / "assets" / "models"
DEFAULT_SAMPLE = "cat"
INFERENCE = threading.BoundedSemaphore(2)  # pictures at once; ONNX Runtime uses all cores for each


@dataclass(frozen=True)
class Picture:
    """The picture in use: its name, its 256 x 256 square, and a key that changes with its pixels."""

    name: str
    square: npt.NDArray[np.uint8]
    key: str


def model_paths() -> dict[str, Path]:
    """The models there are, by name: ALEXNET_MODEL first, then assets/models."""
    paths = {path.parent.name: path for path in sorted(MODELS.glob("*/model.onnx"))}
    if named := os.environ.get("ALEXNET_MODEL"):
        paths = {Path(named).parent.name: Path(named), **paths}
    return paths


def model_name() -> str:
    """Name of the model in use."""
    names = list(model_paths())
    chosen: str = st.session_state.get("model", "")
    return chosen if chosen in names else names[0] if names else ""


def model_path() -> Path:
    """File of the model in use.

    Raises
    ------
    ValueError
        When there is none.
    """
    paths = model_paths()
    if not paths:
        raise ValueError(t("no_model"))
    return paths[model_name()]


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(path: str, changed_ns: int) -> Explorer:
    return Explorer.open(path)


def explorer() -> Explorer:
    """The model in use, opened once for all users.

    Raises
    ------
    ValueError
        When there is none, or its file is not one of this project.
    """
    path = model_path()
    return _open(str(path), _changed_ns(path))


def picture() -> Picture:
    """The picture in use; at first a sample."""
    if "picture" not in st.session_state:
        choose_sample(st.query_params.get("sample", DEFAULT_SAMPLE))
    chosen: Picture = st.session_state["picture"]
    return chosen


def choose(name: str, source: bytes | Path) -> None:
    """Make a file the picture in use; the one before stays when it cannot be read.

    Raises
    ------
    ValueError
        When it cannot be read: a sentence.
    """
    square = preprocess.to_square(preprocess.read_picture(source))
    square.flags.writeable = False
    st.session_state["sample_in_use"] = None
    st.session_state["picture"] = Picture(name, square, hashlib.sha256(square.tobytes()).hexdigest())


def keep_address() -> None:
    """Name a sample in the address, so that a link or a reload shows it again."""
    sample = st.session_state.get("sample_in_use")
    if sample in (None, DEFAULT_SAMPLE):
        st.query_params.pop("sample", None)
    elif st.query_params.get("sample") != sample:
        st.query_params["sample"] = sample


def choose_sample(name: str) -> None:
    """Make a sample the picture in use; an unknown name means the default."""
    name = name if name in FILES else DEFAULT_SAMPLE
    choose(t(f"sample_{name}"), sample_path(name))
    st.session_state["sample_in_use"] = name


@st.cache_resource(max_entries=64, ttl=3600, show_spinner=False)
def _run(model: str, key: str, _explorer: Explorer, _square: npt.NDArray[np.uint8]) -> Activations:
    with INFERENCE:
        return _explorer.run(_square)


@st.cache_resource(max_entries=64, ttl=3600, show_spinner=False)
def _run_ten_crops(model: str, key: str, _explorer: Explorer, _square: npt.NDArray[np.uint8]) -> TenCrops:
    with INFERENCE:
        return _explorer.run_ten_crops(_square)


def activations() -> Activations:
    """All activations of the picture in use, computed once."""
    return _run(_model_key(), picture().key, explorer(), picture().square)


def ten_crops() -> TenCrops:
    """Ten crops of the picture in use, computed once."""
    return _run_ten_crops(_model_key(), picture().key, explorer(), picture().square)


def _model_key() -> str:
    path = model_path()
    return f"{path}@{_changed_ns(path)}"


def _changed_ns(path: Path) -> int:
    """When a file was changed; 0 when it is missing, which `Explorer.open` then says in a sentence."""
    return path.stat().st_mtime_ns if path.exists() else 0


def gallery() -> tuple[Gallery, str, str] | None:
    """The gallery in use, the path it was built from and the model it was built with, or None."""
    built: tuple[Gallery, str, str] | None = st.session_state.get("gallery")
    return built


def keep_gallery(built: Gallery, path: str) -> None:
    """Make a gallery the one in use."""
    st.session_state["gallery"] = (built, path, _model_key())


def gallery_fits() -> bool:
    """Whether the gallery in use was built with the model in use."""
    built = gallery()
    return built is not None and built[2] == _model_key()
