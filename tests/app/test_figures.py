"""Arrays to pictures, by hand."""

import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from app import figures
from app.heat_map import heat_map
from model.layers import PAPER


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "<.01"), (0.0099, "<.01"), (0.01, ".01"), (0.625, ".62"), (0.994, ".99"), (1.0, "1.00")],
)
def test_probability_text(probability: float, text: str) -> None:
    assert figures.probability_text(probability) == text


def test_a_larger_figure_has_larger_type() -> None:
    figure = figures.larger(figures.bare(go.Figure(), 200).update_yaxes(tickfont_size=10), 1.5)
    assert (figure.layout.height, figure.layout.font.size, figure.layout.xaxis.title.font.size) == (300, 19.5, 19.5)
    assert (figure.layout.xaxis.tickfont.size, figure.layout.yaxis.tickfont.size) == (19.5, 15)
    assert figures.larger(figures.bare(go.Figure(), 200), 1.5).layout.yaxis.tickfont.size == 19.5


def test_greys_by_hand() -> None:
    maps = np.asarray([[[0, 5], [10, 2.5]], [[-1, 0], [0, 1]], [[0, 0], [0, 0]], [[7, 7], [7, 7]]], np.float32)
    pixels, low, high = figures.greys(maps)
    assert pixels[0].tolist() == [[0, 128], [255, 64]]
    assert pixels[1].tolist() == [[0, 128], [128, 255]]
    assert not pixels[2].any()  # silent
    assert (pixels[3] == 255).all()  # zero stays black, so a constant map is white
    assert low.tolist() == [0, -1, 0, 0]
    assert high.tolist() == [10, 1, 0, 7]


def test_kernel_pictures() -> None:
    kernels = np.zeros((2, 3, 2, 2), np.float32)
    kernels[0, 0, 0, 0], kernels[1, 2, 1, 1] = -1, 4
    together = figures.kernel_pictures(kernels)
    assert together.shape == (2, 2, 2, 3)
    assert together[0, 0, 0].tolist() == [0, 51, 51]  # -1 .. 4 over 0 .. 255: zero is 51
    assert together[1, 1, 1].tolist() == [51, 51, 255]
    each = figures.kernel_pictures(kernels, each=True)
    assert each[0, 0, 0].tolist() == [0, 255, 255]
    assert each[1, 1, 1].tolist() == [0, 0, 255]


def test_enlarged() -> None:
    assert figures.enlarged(np.asarray([[1, 2]], np.uint8), 4).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


def test_confusions_are_shares_of_a_true_class() -> None:
    classes = [{"name": "cat"}, {"name": "dog"}, {"name": "absent"}]
    report = {"per_class": classes, "confusion_matrix": [[3, 1, 0], [0, 2, 0], [0, 0, 0]]}
    (heat,) = figures.confusions(report).data
    assert np.square(np.asarray(heat.z, float)).tolist() == pytest.approx(
        np.asarray([[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]])
    )
    assert list(heat.y) == ["cat", "dog", "absent"]


def test_map_lies_where_its_values_were_seen() -> None:
    """conv5's first field has its middle at pixel 17.5, the next is 16 on: row 3, column 7 is at 65.5, 129.5."""
    layer = PAPER.layer["conv5"]
    first = layer.field_start_px + layer.field_px / 2
    assert (first, layer.field_stride_px) == (17.5, 16)
    values = np.zeros((13, 13), np.float32)
    values[3, 7] = 2
    drawn = figures.map_over_crop(np.zeros((224, 224, 3), np.uint8), values, first, 16)
    assert drawn.shape == (448, 448, 3)
    rows, columns = np.nonzero(drawn.sum(2) == drawn.sum(2).max())
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == (2 * 65.5, 2 * 129.5)
    far = np.hypot(*np.ogrid[0.5 - 131 : 448 - 131, 0.5 - 259 : 448 - 259]) > 46
    assert (drawn[far] == [0, 0, 2]).all()  # .6 of the darkest colour


def test_map_over_a_grey_crop() -> None:
    values = np.asarray([[0.0, 1.0]] * 2, np.float32)
    drawn = figures.map_over_crop(np.full((224, 224, 3), 100, np.uint8), values, 56, 112)
    assert drawn[200, 0].tolist() == [40, 40, 42]  # .4 of the crop and .6 of (0, 0, 4)
    assert drawn[200, 447].tolist() == [191, 192, 155]  # .6 of (252, 253, 191)
    constant = figures.map_over_crop(np.zeros((224, 224, 3), np.uint8), np.ones((13, 13), np.float32), 17.5, 16)
    assert (constant == [0, 0, 2]).all()


def test_a_heat_map_is_the_map_as_a_file() -> None:
    pixels, values = np.full((224, 224, 3), 90, np.uint8), np.arange(169, dtype=np.float32).reshape(13, 13)
    file = heat_map(pixels, values, 17.5, 16)
    np.testing.assert_array_equal(Image.open(io.BytesIO(file)), figures.map_over_crop(pixels, values, 17.5, 16))
    assert heat_map(pixels, values[::-1].copy(), 17.5, 16) != file
