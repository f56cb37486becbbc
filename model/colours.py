"""How the colours of a picture set vary: RGB's principal components (section 4.1)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt


def colour_components(
    covariance: npt.NDArray[np.float64], scale: Literal["eigenvalue", "stdev", "none"]
) -> npt.NDArray[np.float32]:
    """Principal components of RGB, scaled to grey levels, one a row: what N(0, .1) multiplies.

    Parameters
    ----------
    covariance : ndarray of shape (3, 3), in squared grey levels.
    scale : "eigenvalue" as the paper prints it, for pixels in 0..1 (times 255 again to be grey levels); "stdev" as the
        2012 code has it; "none" for no noise.
    """
    eigenvalues, vectors = np.linalg.eigh(covariance)
    sizes = {"eigenvalue": eigenvalues / 255, "stdev": np.sqrt(np.maximum(eigenvalues, 0)), "none": np.zeros(3)}
    return np.ascontiguousarray((vectors * sizes[scale]).T[::-1], dtype=np.float32)
