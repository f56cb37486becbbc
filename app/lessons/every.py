"""All lessons, in the paper's order."""

from __future__ import annotations

from app.lessons import (
    Lesson,
    augmentation,
    dropout,
    figure3,
    figure4_left,
    figure4_right,
    gpus,
    lrn,
    net,
    pooling,
    relu,
    results,
    update,
    wrong,
)

LESSONS: dict[str, Lesson] = {
    module.LESSON.name: module.LESSON
    for module in (
        relu, gpus, lrn, pooling, net, augmentation, dropout, update, figure3, figure4_left, figure4_right, results,
        wrong,
    )
}  # fmt: skip
