"""What goes to a canvas component: a few words as JSON, then arrays, in one piece of bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def pack(header: Mapping[str, Any], *arrays: npt.NDArray[Any]) -> bytes:
    """Length of the header (uint32), the header as JSON padded to a multiple of four bytes, then the arrays."""
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 4)
    return struct.pack("<I", len(head)) + head + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
