"""What the web process and its worker say to each other: pickles, each behind its length. Free of torch."""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

LENGTH = struct.Struct(">Q")


class Preview(NamedTuple):
    """Where an activation maximisation stands."""

    step: int
    steps: int
    value: float
    """What the unit answers to this very picture."""
    picture: npt.NDArray[np.uint8]
    """(side, side, 3) RGB: the side of the unit's receptive field, or 224."""


def packed(message: Any) -> bytes:
    """A message as it travels."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def receive(stream: BinaryIO) -> Any:
    """Read one message; EOFError at the end, also in the middle of a message."""
    head = stream.read(LENGTH.size)
    data = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
    if len(head) < LENGTH.size or len(data) < LENGTH.unpack(head)[0]:
        raise EOFError
    return pickle.loads(data)
