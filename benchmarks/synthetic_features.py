"""Features like fc7's, as many as wanted: what to search among where there are no pictures to show a network.

Each one is put together from the shipped gallery's real fc7: every stretch of as many units as that has is a picture's of
one neighbourhood, another for each stretch, every value times a random factor about 1. So zeros, scale and what goes together
within a stretch are a real network's, and pictures have neighbours as real ones have.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.gallery.retrieval import euclidean, nearest_rows
from model.gallery.store import Gallery

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "assets" / "models" / "imagenet20" / "model.onnx"
GALLERY = MODEL.parent / "gallery.pq"
UNITS = 4096
NEIGHBOURHOOD, SPREAD = 6, 0.15
BLOCK = 4096
Halves = npt.NDArray[np.float16]


class Source:
    """Draws features; the same seed draws the same ones."""

    def __init__(self, units: int = UNITS) -> None:
        gallery = Gallery.open(GALLERY, MODEL)
        self.real = np.asarray(gallery.features["fc7"], np.float32)
        self.units, self.stretches = units, units // self.real.shape[1]
        self.near = nearest_rows(euclidean(self.real, self.real), NEIGHBOURHOOD)
        self.factors = np.exp(SPREAD * np.random.default_rng(0).standard_normal((997, self.real.shape[1]), np.float32))

    def draw(self, count: int, seed: int) -> Halves:
        """(count, units)."""
        chance = np.random.default_rng(seed)
        middle = chance.integers(0, len(self.real), count)
        stretches = []
        for _ in range(self.stretches):
            rows = self.near[middle, chance.integers(0, NEIGHBOURHOOD, count)]
            stretches.append(self.real[rows] * self.factors[chance.integers(0, len(self.factors), count)])
        return np.concatenate(stretches, 1).astype(np.float16)

    def blocks(self, count: int, seed: int = 1) -> Iterator[Halves]:
        """`count` of them, some thousand at a time."""
        for first in range(0, count, BLOCK):
            yield self.draw(min(BLOCK, count - first), seed * 1_000_003 + first)

    def likeness(self) -> str:
        """Real and drawn features side by side, in words."""
        real, drawn = (_figures(one) for one in (self.real, self.draw(len(self.real), 7).astype(np.float32)))
        words = ("non-zero", "of the variance in 256 components", "the sixth neighbour's distance over the mean one")
        return "; ".join(f"{word} {a:.2f} (real fc7 {b:.2f})" for word, a, b in zip(words, drawn, real, strict=True))


def _figures(features: npt.NDArray[np.float32]) -> tuple[float, float, float]:
    sample = features[:2000]
    variances = np.linalg.svd(sample - sample.mean(0), compute_uv=False) ** 2
    far = np.concatenate([np.sort(np.sqrt(np.maximum(block, 0)), 1) for block in euclidean(features, sample[:256])])
    return (
        float((features > 0).mean()),
        float(variances[:256].sum() / variances.sum()),
        float((far[:, 6] / far.mean(1)).mean()),
    )


def write(source: Source, path: Path, count: int) -> Halves:
    """`count` features as a memory map; a file that is there already, and whole, is taken."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        whole = np.lib.format.open_memmap(temporary, "w+", np.float16, (count, source.units))
        done = 0
        for block in source.blocks(count):
            whole[done : done + len(block)] = block
            done += len(block)
            if sys.stderr.isatty():
                print(f"\rdrawing features: {done:,} of {count:,}", end="", file=sys.stderr)
        whole.flush()
        del whole
        temporary.replace(path)
    mapped: Halves = np.load(path, mmap_mode="r")
    return mapped
