"""Files that are there whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, then put in place."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)


def write_arrays(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """The same of arrays, as .npz."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy types allow_pickle alone
    write_whole(path, file.getvalue())
