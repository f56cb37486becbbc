"""Short binary codes of features, for a fast search: one linear map, and the signs of what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CODES = "codes.npz"
"""A learned encoder beside a model: its galleries use it."""
FIT_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class Encoder:
    """code = bits of (features W + b > 0)."""

    name: str
    """How it came to be: "pca-sign" or "autoencoder"."""
    weights: npt.NDArray[np.float32]
    """(units, bits)"""
    biases: npt.NDArray[np.float32]
    """(bits,)"""

    @property
    def bits(self) -> int:
        return int(self.weights.shape[1])

    def encode(self, features: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """(n, units) to (n, bits / 8), eight bits a byte, the first one highest."""
        if features.ndim != 2 or features.shape[1] != len(self.weights):
            raise ValueError(f"Features of shape {features.shape}; this encoder reads (n, {len(self.weights)}).")
        codes = np.empty((len(features), self.bits // 8), np.uint8)
        for first in range(0, len(features), 4096):
            rows = slice(first, first + 4096)
            codes[rows] = np.packbits(features[rows].astype(np.float32) @ self.weights + self.biases > 0, axis=1)
        return codes

    @staticmethod
    def fit(features: npt.NDArray[Any], bits: int = 256, seed: int = 0) -> Encoder:
        """Principal components, turned at random, and their signs; from at most 20,000 rows spread over all.

        Turned, each bit holds as much as any other (the baseline of Gong and Lazebnik's ITQ, 2011). Where there are fewer
        components than bits, the rest are random directions among them.

        Parameters
        ----------
        features : ndarray of shape (n, units)
        """
        from sklearn.decomposition import PCA  # slow to import, and only wanted here

        rows = np.unique(np.linspace(0, len(features) - 1, min(FIT_ROWS, len(features))).astype(int))
        sample = features[rows].astype(np.float32)
        count = min(bits, *sample.shape)
        solver = "covariance_eigh" if sample.shape[1] <= 1024 else "randomized"
        pca = PCA(count, svd_solver=solver, random_state=seed).fit(sample)
        turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((max(bits, count),) * 2))[0][:count, :bits]
        weights = (pca.components_.T @ turn).astype(np.float32)
        return Encoder("pca-sign", weights, -(pca.mean_ @ weights).astype(np.float32)).rounded()

    def rounded(self) -> Encoder:
        """With the weights that a file would keep, so that codes are the same before and after."""
        return Encoder(self.name, self.weights.astype(np.float16).astype(np.float32), self.biases)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays for a file."""
        return {"weights": self.weights.astype(np.float16), "biases": self.biases, "name": np.array(self.name)}

    @staticmethod
    def from_arrays(arrays: Any) -> Encoder:
        """The reverse of `arrays`."""
        return Encoder(str(arrays["name"]), arrays["weights"].astype(np.float32), arrays["biases"])

    def save(self, path: str | Path) -> None:
        """Write one .npz."""
        np.savez_compressed(path, **self.arrays())  # type: ignore[arg-type]  # numpy types allow_pickle alone

    @staticmethod
    def load(path: str | Path) -> Encoder:
        """Read one .npz.

        Raises
        ------
        ValueError
            When it is none.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return Encoder.from_arrays(arrays)
        except (OSError, KeyError, ValueError) as reason:
            raise ValueError(
                f"{path} is no encoder of this project ({reason}); make one with python -m training.codes."
            ) from None
