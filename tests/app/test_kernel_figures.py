"""Numbers to figures, by hand."""

import dataclasses

import numpy as np

from app import kernel_figures
from app.figures import BAR_COLOUR, GPU_COLOURS
from model.kernels import fit_gabor
from model.layers import ONE_TOWER, PAPER

CONV1 = PAPER.layer["conv1"]


def test_distribution_counts_by_hand() -> None:
    groups = [np.asarray([0.1, 0.2, 0.9]), np.asarray([1.0])]
    first, second = kernel_figures.distribution(groups, GPU_COLOURS, np.asarray([0, 0.5, 1]), "colour").data
    assert (list(first.y), list(second.y)) == ([2, 1], [0, 1])
    assert list(first.x) == [0.25, 0.75]
    assert (first.marker.color, second.marker.color) == GPU_COLOURS
    assert (first.marker.opacity, second.marker.opacity) == ((1, 1), (1, 1))
    first, second = kernel_figures.distribution(groups, GPU_COLOURS, np.asarray([0, 0.5, 1]), "", [(1, 0)]).data
    assert (first.marker.opacity, second.marker.opacity) == ((0.3, 0.3), (1, 0.3))


def test_one_tower_takes_no_gpus_colour() -> None:
    assert kernel_figures.colour_of(CONV1, 1) == GPU_COLOURS[1]
    assert kernel_figures.colour_of(ONE_TOWER.layer["conv1"], 0) == BAR_COLOUR


def test_answers_are_split_by_gpu_and_mark_the_chosen() -> None:
    values = np.arange(96.0)
    first, second = kernel_figures.answers(CONV1, values, 50, ("kernel", "answer")).data
    assert (first.x[0], first.x[-1], second.x[0], second.x[-1]) == (1, 48, 49, 96)
    assert second.y[-1] == 95
    assert np.flatnonzero(second.marker.line.width).tolist() == [2]
    assert not np.any(first.marker.line.width)


def test_curve_marks_the_grating() -> None:
    line, dot = kernel_figures.curve(np.asarray([0.0, 10]), np.asarray([1.0, 3]), 5, BAR_COLOUR, ("x", "y")).data
    assert list(line.y) == [1, 3]
    assert (dot.x[0], dot.y[0]) == (5, 2)


def test_heat_scales_each_row_and_says_where_it_is_largest() -> None:
    curves = np.asarray([[1.0, 4.0], [0.0, 0.0]])
    heat, rows = kernel_figures.heat(curves, [7, 3], np.asarray([0.0, 90.0]), GPU_COLOURS[0], ("x", "y")).data
    assert np.asarray(heat.z).tolist() == [[0.25, 1], [0, 0]]
    assert list(heat.y) == list(rows.y) == ["7", "3"]
    assert np.asarray(rows.customdata).tolist() == [[90, 4], [0, 0]]  # where each answers most, and how much
    assert (rows.base, list(rows.x)) == (0, [90, 90])  # over the whole row, so that a click anywhere is heard


def test_fit_picture_is_clear_between_the_two() -> None:
    fit = dataclasses.replace(fit_gabor(np.zeros((2, 2))), picture=np.asarray([[0.0, 1.0], [2.0, 5.0]]))
    pixels = kernel_figures.fit_picture(fit, np.asarray([[0.0, 0.0], [5.0, 10.0]]))
    assert pixels.shape == (2, 5, 4)
    assert pixels[1, :, 0].tolist() == [128, 255, 0, 51, 128]  # 0 .. 10 over 0 .. 255
    assert pixels[0, :, 3].tolist() == [255, 255, 0, 255, 255]
