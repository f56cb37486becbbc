"""The six nearest of as many pictures as ILSVRC-2012 trains on, 1,281,167: 10.5 GB of features on disk, 41 MB of codes in memory."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.neighbours_50k import figure

COUNT = 1_281_167
GOAL_RECALL, GOAL_MS, MOST_MB = 0.98, 60.0, 1500


def measure() -> list[Figure]:
    """As for 50,000, and within 1.5 GB of resident memory."""
    return [figure("neighbours_1281k", COUNT, GOAL_RECALL, GOAL_MS, n_exact=1, most_mb=MOST_MB)]
