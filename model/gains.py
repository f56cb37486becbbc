"""Factors on units, as callers give them and as the graph and the gradients take them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from model.layers import Config

Array = npt.NDArray[np.float32]
Gains = Mapping[str, npt.ArrayLike]


def full_gains(config: Config, gains: Gains | None) -> dict[str, Array]:
    """Gains in full: (units,) for each layer named, () for "cross_talk".

    Parameters
    ----------
    gains : mapping, optional
        Factors on units by layer, each a number or (units,); "cross_talk" is one factor on what crosses the GPUs on
        the way into conv3.

    Raises
    ------
    ValueError
        When a gain names no layer that takes one, or has another length.
    """
    full: dict[str, Array] = {}
    for name, gain in (gains or {}).items():
        if name == "cross_talk" and "conv3" in config.layer and config.layer["conv3"].reads_both:
            shape: tuple[int, ...] = ()
        elif name in config.gained:
            shape = (config.layer[name].units,)
        else:
            known = ", ".join(config.gained)
            raise ValueError(
                f"{name} takes no gain in this network; gains go to {known}, and to cross_talk of two towers."
            )
        try:
            full[name] = np.broadcast_to(np.asarray(gain, np.float32), shape).copy()
        except ValueError:
            called = name if name == "cross_talk" else f"{name}.gain"
            raise ValueError(f"{called} has to be one number or {shape or 'only one'}; got {np.shape(gain)}.") from None
    return full
