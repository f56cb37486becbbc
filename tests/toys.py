"""Small networks and pictures that tests share."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from model import onnx_file
from model.alexnet import AlexNet
from model.export import weights_of
from model.layers import Config
from model.onnx_file import ModelInfo

TOY = Config(kernels=(8, 16, 16, 16, 16), fc_units=32, num_classes=6)


def toy_net(config: Config = TOY, seed: int = 0) -> AlexNet:
    """A network at test time whose activations are neither dead nor huge."""
    torch.manual_seed(seed)
    return AlexNet(config).initialize(std=0.02, middle_std=0.1).eval()


def small(config: Config) -> Config:
    """A published variant at a sixteenth of its width."""
    return dataclasses.replace(config, width=1 / 16, fc_units=32, num_classes=6)


def write_toy(path: Path, config: Config = TOY, seed: int = 0) -> AlexNet:
    """Write a toy network as an ONNX file; returns its torch twin."""
    net = toy_net(config, seed)
    classes = tuple((f"n{i}", f"class {i}") for i in range(config.num_classes))
    mean = np.full((3, 256, 256), 100.0, np.float32)
    info = ModelInfo(
        config=config, classes=classes, mean=mean, recipe={"name": "toy"}, commit="abc", metrics={"top1_error": 50.0}
    )
    onnx_file.write(path, info, weights_of(net.state_dict()))
    return net


def picture(seed: int = 0, height: int = 256, width: int = 256) -> npt.NDArray[np.uint8]:
    """A smooth random colour picture, uint8 (height, width, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encoded(pixels: npt.NDArray[np.uint8], kind: str = "PNG", mode: str = "RGB") -> bytes:
    """A picture as a file's bytes."""
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def write_class_folders(root: Path, split: str, num_classes: int = 6, per_class: int = 3, side_px: int = 256) -> None:
    """An ImageFolder split whose classes differ in colour."""
    for label in range(num_classes):
        folder = root / split / f"n{label}"
        folder.mkdir(parents=True)
        for i in range(per_class):
            colours = picture(100 * label + i, side_px, side_px) // 2 + np.uint8(120 * label // num_classes)
            Image.fromarray(colours).save(folder / f"{i}.png")
