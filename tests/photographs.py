"""Real ImageNet photographs, beside the repository where CI and developers have them; they are not ours to give on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ALEXNET_DATA", Path(__file__).parents[2] / "shared" / "data"))
IMAGENET20 = SHARED / "imagenet-20"
needs_photographs = pytest.mark.skipif(
    not IMAGENET20.exists(),
    reason=f"no photographs at {IMAGENET20}: put the imagenet-20 Parquet files there, or name their parent in ALEXNET_DATA",
)
