"""Real ImageNet photographs, beside the repository where CI and developers have them; they are not ours to give on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ALEXNET_DATA", Path(__file__).parents[2] / "shared" / "data"))
IMAGENET20, TINY200 = SHARED / "imagenet-20", SHARED / "tiny-imagenet-200"
needs_photographs = pytest.mark.skipif(
    not (IMAGENET20.exists() and TINY200.exists()),
    reason=f"no photographs at {SHARED}: put the Parquet files of imagenet-20 and tiny-imagenet-200 there, or name their parent in ALEXNET_DATA",
)
