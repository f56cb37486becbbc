"""A map over the crop as a picture file: drawn once, however often the page runs again."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

from app.figures import map_over_crop


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def heat_map(
    pixels: npt.NDArray[np.uint8], values: npt.NDArray[np.float32], first_px: float, stride_px: int, lowest: float | None = None
) -> bytes:  # fmt: skip
    """The PNG file of `map_over_crop`."""
    file = io.BytesIO()
    Image.fromarray(map_over_crop(pixels, values, first_px, stride_px, lowest)).save(file, "PNG", compress_level=1)
    return file.getvalue()
