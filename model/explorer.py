"""One photograph through one AlexNet: every activation, from one forward pass in ONNX Runtime.

explorer = Explorer.open("assets/models/imagenet20/model.onnx")
seen = explorer.run("photo.jpg")
seen.top(5), seen["conv3"], seen.features
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from PIL import Image

from model import fast_lrn, onnx_file, preprocess
from model.gains import full_gains
from model.layers import SQUARE_PX, Config
from model.onnx_file import ModelInfo
from model.preprocess import View

Array = npt.NDArray[np.float32]
Picture = str | Path | bytes | BinaryIO | Image.Image | npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Prediction:
    """One class and its probability, 0..1."""

    class_id: str
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Activations(Mapping[str, Array]):
    """What every layer made of one picture: `seen["conv1"]` is a read-only array of shape (96, 55, 55)."""

    arrays: Mapping[str, Array]
    classes: tuple[tuple[str, str], ...]
    square: npt.NDArray[np.uint8]
    """(256, 256, 3), the square that the crop was cut from."""
    crop: Array
    """(3, 224, 224), or of another size where the config says so: what the network saw, the crop less the mean."""
    view: View
    """Which crop that is."""
    milliseconds: Mapping[str, float]
    """Time of each step: preprocess, forward."""
    device: str

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    @property
    def features(self) -> Array:
        """(fc_units,) of fc7, the space in which the paper's figure 4 looks for neighbours."""
        return self.arrays["fc7"]

    def top(self, k: int = 5) -> tuple[Prediction, ...]:
        """The k most probable classes, best first."""
        return top(self.arrays["prob"], self.classes, k)


@dataclass(frozen=True, eq=False)
class TenCrops:
    """Section 4.1: ten views of one picture and the average of their probabilities."""

    views: Array
    """(10, classes), the probabilities of each crop: corners and centre, each followed by its mirror image."""
    classes: tuple[tuple[str, str], ...]
    square: npt.NDArray[np.uint8]
    milliseconds: Mapping[str, float]
    device: str

    @property
    def mean(self) -> Array:
        """(classes,), the average."""
        average: Array = self.views.mean(0)
        return average

    def top(self, k: int = 5) -> tuple[Prediction, ...]:
        """The k most probable classes of the average, best first."""
        return top(self.mean, self.classes, k)


def top(probabilities: Array, classes: tuple[tuple[str, str], ...], k: int) -> tuple[Prediction, ...]:
    """The k most probable classes, best first; all of them when there are fewer."""
    best = np.argsort(-probabilities, kind="stable")[:k]
    return tuple(Prediction(classes[i][0], classes[i][1], float(probabilities[i])) for i in best)


class Explorer:
    """A model file, ready to run. Threads may share one."""

    def __init__(
        self, info: ModelInfo, weights: Mapping[str, Array], session: ort.InferenceSession, device: str
    ) -> None:
        self.info = info
        self.weights = weights
        self.session = session
        self.device = device
        """Where it runs, and why there, in words."""
        self._names = [row.name for row in info.config.layers]

    @staticmethod
    def open(path: str | Path, device: str = "auto", gpu: int = 0) -> Explorer:
        """Open a model file.

        Parameters
        ----------
        path : str or Path
            An ONNX file written by `model.export`.
        device : {"auto", "cpu", "cuda"}
            "auto" takes a CUDA GPU where ONNX Runtime can use one, else the CPU.
        gpu : int
            Number of that GPU.

        Raises
        ------
        ValueError
            When the file is none of this project's, or "cuda" was asked for and cannot be had.
        """
        info, weights = onnx_file.read(path)
        session, where = _session(path, info.config, device, gpu)
        return Explorer(info, weights, session, where)

    @property
    def config(self) -> Config:
        return self.info.config

    @property
    def mean(self) -> Array:
        return self.info.mean

    @property
    def class_ids(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.info.classes)

    def run(
        self, picture: Picture, gains: Mapping[str, npt.ArrayLike] | None = None, view: View | None = None
    ) -> Activations:
        """Every activation of a picture's centre crop, or of another view of it.

        Parameters
        ----------
        picture : path, bytes, binary file, PIL image, or uint8 ndarray of shape (256, 256, 3)
            Anything `preprocess.read_picture` takes, softened where the network learned from small pictures
            (`ModelInfo.detail_px`); an array is taken for a square that is cut, and softened, already.
        gains : mapping, optional
            Factors on units by layer, each a scalar or (units,): {"conv1": ...}; "cross_talk" is one factor on what
            crosses the GPUs on the way into conv3.
        view : preprocess.View, optional
            Which crop, whether mirrored, and how its colours are shifted; of the size that the network sees.

        Raises
        ------
        ValueError
            When the picture cannot be read, a gain names no layer or has another length, or the view has another size.
        """
        start = time.perf_counter()
        view = view or preprocess.centre(self.config.crop_px)
        if view.crop_px != self.config.crop_px:
            raise ValueError(
                f"This network sees {self.config.crop_px} pixels; a view of {view.crop_px} does not fit it."
            )
        square = self._square(picture)
        crop = preprocess.crop(square, self.mean, view)
        feed = {"image": crop, **self._feed(gains)}
        middle = time.perf_counter()
        arrays = self.session.run(self._names, feed)
        end = time.perf_counter()
        return Activations(
            arrays=MappingProxyType({name: _frozen(array[0]) for name, array in zip(self._names, arrays, strict=True)}),
            classes=self.info.classes,
            square=square,
            crop=_frozen(crop[0]),
            view=view,
            milliseconds=_milliseconds(start, middle, end),
            device=self.device,
        )

    def run_ten_crops(
        self,
        picture: Picture,
        gains: Mapping[str, npt.ArrayLike] | None = None,
        colour: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> TenCrops:
        """Probabilities of a picture's ten crops, its colours shifted by grey levels; else as `run`."""
        start = time.perf_counter()
        square = self._square(picture)
        crops = preprocess.ten_crops(square, self.mean, colour, self.config.crop_px)
        middle = time.perf_counter()
        views = self.probabilities(crops, gains)
        times = _milliseconds(start, middle, time.perf_counter())
        return TenCrops(_frozen(views), self.info.classes, square, times, self.device)

    def probabilities(self, crops: Array, gains: Mapping[str, npt.ArrayLike] | None = None) -> Array:
        """Class probabilities (n, classes) of crops (n, 3, 224, 224), mean-subtracted RGB."""
        return self.activations(crops, ("prob",), gains)["prob"]

    def activations(
        self, crops: Array, names: tuple[str, ...], gains: Mapping[str, npt.ArrayLike] | None = None
    ) -> dict[str, Array]:
        """The named activations, each with a leading axis n, of crops (n, 3, 224, 224)."""
        arrays = self.session.run(list(names), {"image": crops, **self._feed(gains)})
        return dict(zip(names, arrays, strict=True))

    def kernels(self, name: str = "conv1") -> tuple[Array, ...]:
        """A convolution's kernels, one read-only array (kernels, channels read, rows, columns) per tower.

        Raises
        ------
        ValueError
            When the network has no such convolution.
        """
        row = self.config.layer.get(name)
        if row is None or row.kind != "conv":
            convolutions = ", ".join(layer.name for layer in self.config.layers if layer.kind == "conv")
            raise ValueError(f"{name} has no kernels; this network's convolutions are {convolutions}.")
        return tuple(self.weights[f"{name}.weight"][row.tower_units(tower)] for tower in range(row.towers))

    def _square(self, picture: Picture) -> npt.NDArray[np.uint8]:
        if isinstance(picture, np.ndarray):
            if picture.shape != (SQUARE_PX, SQUARE_PX, 3) or picture.dtype != np.uint8:
                raise ValueError(
                    f"An array has to be uint8 of shape (256, 256, 3), not {picture.dtype} {picture.shape}."
                )
            return _frozen(picture.copy())
        image = picture if isinstance(picture, Image.Image) else preprocess.read_picture(picture)
        return _frozen(preprocess.to_square(image, self.info.detail_px))

    def _feed(self, gains: Mapping[str, npt.ArrayLike] | None) -> dict[str, Array]:
        """Gains as the graph's optional inputs."""
        full = full_gains(self.config, gains)
        return {name if name == "cross_talk" else f"{name}.gain": gain for name, gain in full.items()}


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _milliseconds(start: float, middle: float, end: float) -> Mapping[str, float]:
    return MappingProxyType({"preprocess": 1e3 * (middle - start), "forward": 1e3 * (end - middle)})


def _session(path: str | Path, net: Config, device: str, gpu: int) -> tuple[ort.InferenceSession, str]:
    """A session, and where it runs in words."""
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"There is no device {device!r}; choose auto, cpu or cuda.")
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors; ONNX Runtime warns of outputs that it keeps from being fused
    why_not = "as asked" if device == "cpu" else _no_cuda()
    if not why_not:
        providers = [("CUDAExecutionProvider", {"device_id": gpu, "use_tf32": 0}), "CPUExecutionProvider"]
        session = ort.InferenceSession(str(path), options, providers=providers)
        if session.get_providers()[0] == "CUDAExecutionProvider":
            return session, "CUDA GPU"
        why_not = "ONNX Runtime could not start its CUDA provider"
    if device == "cuda":
        raise ValueError(f"No CUDA GPU can be used: {why_not}; use --device cpu, or auto.")
    return fast_lrn.session(path, net, options), f"CPU ({why_not})"


def _no_cuda() -> str:
    """Why there is no CUDA to use, or nothing when there may be."""
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return "this onnxruntime is the CPU build"
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return "no NVIDIA driver found"
    if driver.cuInit(0) != 0:
        return "the NVIDIA driver finds no GPU"
    ort.preload_dlls()  # the CUDA libraries that torch's packages bring
    return ""
