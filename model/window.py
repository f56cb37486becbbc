"""How one value of one unit came about, with the network's own numbers: its sum of products, and what follows it.

Every step reads what `Explorer.run` returned for the layer below, so that it also holds for a network with lesions; it
needs the gains of that run only for the layer's own gain and for what crosses the GPUs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from model.explorer import Activations, Explorer
from model.layers import Layer
from model.steps import Array, Normalisation, Place, Pooling, Softmax, Step, WeightedSum

Gains = Mapping[str, npt.ArrayLike]
IMAGE = "image"  # what conv1 reads: maps 0, 1, 2 are red, green, blue
SPATIAL = (1.0, 1e-3, 0.75)  # k, alpha times the mean square, beta of the 2012 code's second norm of layer 2


def convolution(
    explorer: Explorer, seen: Activations, layer: str, unit: int, row: int, column: int, gains: Gains | None = None
) -> WeightedSum:
    """One window of a convolution.

    Parameters
    ----------
    layer, unit, row, column
        A value of a convolution's map, all from 0.
    gains : mapping, optional
        What `seen` was run with.

    Raises
    ------
    ValueError
        When the network has no such convolution, unit or place.
    """
    place, it = _find(explorer, Place(layer, unit, row, column), "conv")
    maps, reads = _maps_below(explorer, seen, it)
    share = len(maps) // it.groups
    first = unit // (it.units // it.groups) * share
    channels = np.arange(first, first + share)
    crosses = _crosses(it, unit, len(maps)) if it.reads_both else np.zeros(share, bool)
    cut = layer == "conv3" and it.reads_both  # conv6 and fc6 read both too, but the gain is on the way into conv3
    factor = np.float32(np.asarray((gains or {}).get("cross_talk", 1.0))) if cut else np.float32(1)
    patch = _window(maps[channels], it, row, column)
    return WeightedSum(
        place=place, reads=reads, channels=channels, top=row * it.stride - it.pad[0], left=column * it.stride - it.pad[0],
        inside=_window(np.ones((1, *maps.shape[1:]), bool), it, row, column)[0],
        patch=np.where(crosses[:, None, None], patch * factor, patch),
        kernel=explorer.weights[f"{layer}.weight"][unit], crosses=crosses, cross_talk=float(factor), halved=1.0,
        bias=float(explorer.weights[f"{layer}.bias"][unit]),
        function="" if explorer.config.relu_after_pool1 and layer == "conv1" else explorer.config.activation,
        gain=_gain(gains, it, unit),
    )  # fmt: skip


def fully_connected(
    explorer: Explorer, seen: Activations, layer: str, unit: int, gains: Gains | None = None
) -> WeightedSum:
    """A unit of fc6, fc7 or fc8. fc6 reads whole maps: a window of their size. Arguments, errors as `convolution`."""
    place, it = _find(explorer, Place(layer, unit), "fc")
    maps, reads = _maps_below(explorer, seen, it)
    config, count = explorer.config, len(maps)
    return WeightedSum(
        place=place, reads=reads, channels=np.arange(count), top=0, left=0, inside=np.ones(maps.shape[1:], bool),
        patch=maps, kernel=explorer.weights[f"{layer}.weight"][unit].reshape(maps.shape),
        crosses=_crosses(it, unit, count), cross_talk=1.0,
        halved=config.read_at_test if layer != "fc6" else 1.0,
        bias=float(explorer.weights[f"{layer}.bias"][unit]),
        function="" if layer == "fc8" else config.activation, gain=_gain(gains, it, unit),
    )  # fmt: skip


def normalisation(explorer: Explorer, seen: Activations, layer: str, unit: int, row: int, column: int) -> Normalisation:
    """A value of norm1, norm2, or of the 2012 code's spatial norm. Arguments and errors as `convolution`."""
    place, it = _find(explorer, Place(layer, unit, row, column), "norm", "spatial_norm")
    maps, reads = _maps_below(explorer, seen, it)
    step = {"place": place, "reads": reads, "value": float(maps[unit, row, column])}
    if it.kind == "spatial_norm":
        k, alpha, beta = SPATIAL
        around = _window(maps[unit][None], it, row, column)[0]
        return Normalisation(
            **step, maps=np.asarray([unit]), values=around, k=k, alpha=alpha / around.size, beta=beta  # type: ignore[arg-type]
        )  # fmt: skip
    lrn = explorer.config.lrn
    assert lrn
    share = it.units // explorer.config.norm_towers
    start, stop = unit // share * share, (unit // share + 1) * share
    neighbours = np.arange(max(unit - lrn.n // 2, start), min(unit + lrn.n // 2 + 1, stop))
    return Normalisation(
        **step, maps=neighbours, values=maps[neighbours, row, column], k=lrn.k, alpha=lrn.alpha, beta=lrn.beta  # type: ignore[arg-type]
    )  # fmt: skip


def pooling(explorer: Explorer, seen: Activations, layer: str, unit: int, row: int, column: int) -> Pooling:
    """A value of pool1, pool2 or pool5. Arguments and errors as `convolution`."""
    place, it = _find(explorer, Place(layer, unit, row, column), "pool")
    maps, reads = _maps_below(explorer, seen, it)
    top, left, k = row * it.stride, column * it.stride, it.window_px
    rows, columns = (
        [len(_windows_over(it, start + i)) for i in range(k)] for start in (top, left)
    )  # a value is in as many windows as its row times its column is
    return Pooling(
        place=place, reads=reads, top=top, left=left, values=maps[unit, top : top + k, left : left + k],
        windows=np.outer(rows, columns).astype(np.int64),
        function=explorer.config.activation if explorer.config.relu_after_pool1 and layer == "pool1" else "",
    )  # fmt: skip


def softmax(explorer: Explorer, seen: Activations, unit: int) -> Softmax:
    """A class's probability. Arguments and errors as `convolution`."""
    place, _ = _find(explorer, Place("prob", unit), "softmax")
    return Softmax(place=place, reads="fc8", logits=seen["fc8"])


def chain(
    explorer: Explorer, seen: Activations, layer: str, unit: int, row: int = 0, column: int = 0,
    gains: Gains | None = None,
) -> tuple[Step, ...]:  # fmt: skip
    """The steps that lead to a value, from its weighted sum on; through a pooling, those of the place that won.

    Arguments and errors as `convolution`, for any layer.
    """
    _, it = _find(explorer, Place(layer, unit, row, column))
    if it.kind == "conv":
        return (convolution(explorer, seen, layer, unit, row, column, gains),)
    if it.kind == "fc":
        return (fully_connected(explorer, seen, layer, unit, gains),)
    if it.kind == "softmax":
        return (fully_connected(explorer, seen, "fc8", unit, gains), softmax(explorer, seen, unit))
    step: Normalisation | Pooling
    if it.kind == "pool":
        step = pooling(explorer, seen, layer, unit, row, column)
        row, column = step.winner
    else:
        step = normalisation(explorer, seen, layer, unit, row, column)
    return (*chain(explorer, seen, step.reads, unit, row, column, gains), step)


def uses(explorer: Explorer, seen: Activations, layer: str, unit: int, row: int, column: int) -> tuple[Step, ...]:
    """What becomes of a value before the next weights: its normalisations, then every pooling window that reads it.

    Arguments and errors as `convolution`, for any layer; nothing where weights follow at once.
    """
    _, it = _find(explorer, Place(layer, unit, row, column))
    table = explorer.config.layers
    steps: list[Step] = []
    for above in table[table.index(it) + 1 :]:
        if above.kind == "pool":
            places = [(i, j) for i in _windows_over(above, row) for j in _windows_over(above, column)]
            return (*steps, *(pooling(explorer, seen, above.name, unit, *place) for place in places))
        if above.kind not in ("norm", "spatial_norm"):
            break
        steps.append(normalisation(explorer, seen, above.name, unit, row, column))
    return tuple(steps)


def value_of(explorer: Explorer, seen: Activations, place: Place) -> float:
    """The network's own value at a place, which a step's `output` has to be within float32 rounding."""
    it = explorer.config.layer[place.layer]
    return float(seen[it.name].reshape(it.units, it.size_px, it.size_px)[place.unit, place.row, place.column])


def colours_of(explorer: Explorer, seen: Activations, step: WeightedSum) -> npt.NDArray[np.uint8]:
    """The pixels under a window of conv1, uint8 (k, k, 3); the zeros around it, which stand for the mean, are grey."""
    mean, view = explorer.mean, seen.view
    if mean.ndim == 3:
        mean = mean[:, view.row : view.row + view.crop_px, view.column : view.column + view.crop_px]
        mean = mean[:, :, ::-1] if view.mirror else mean
    pixels = seen.crop + (mean if mean.ndim == 3 else mean[:, None, None])
    patch = np.full((*step.inside.shape, 3), 128, np.uint8)
    rows, columns = (np.flatnonzero(step.inside.any(axis)) for axis in (1, 0))
    under = pixels[:, step.top + rows[:, None], step.left + columns]
    patch[rows[:, None], columns] = np.round(under).clip(0, 255).transpose(1, 2, 0)
    return patch


def _find(explorer: Explorer, place: Place, *kinds: str) -> tuple[Place, Layer]:
    it = explorer.config.layer.get(place.layer)
    if it is None or (kinds and it.kind not in kinds):
        known = ", ".join(row.name for row in explorer.config.layers if not kinds or row.kind in kinds)
        raise ValueError(f"{place.layer} cannot be spelled out so in this network; choose among {known or 'nothing'}.")
    if not (0 <= place.unit < it.units and 0 <= place.row < it.size_px and 0 <= place.column < it.size_px):
        raise ValueError(
            f"{it.name} has no value at unit {place.unit}, row {place.row}, column {place.column}; "
            f"choose from 0 to {it.units - 1}, and rows and columns from 0 to {it.size_px - 1}."
        )
    return place, it


def _maps_below(explorer: Explorer, seen: Activations, it: Layer) -> tuple[Array, str]:
    """The maps that a layer reads, (units, height, width), and whose they are."""
    at = explorer.config.layers.index(it)
    if at == 0:
        return seen.crop, IMAGE
    below = explorer.config.layers[at - 1]
    return seen[below.name].reshape(below.units, below.size_px, below.size_px), below.name


def _crosses(it: Layer, unit: int, reads: int) -> npt.NDArray[np.bool_]:
    """(reads,), which of all maps below are on the other GPU than a unit."""
    if it.towers == 1:  # fc8's units are on no GPU of their own
        return np.zeros(reads, bool)
    other: npt.NDArray[np.bool_] = np.arange(reads) // (reads // 2) != unit // (it.units // 2)
    return other


def _window(maps: npt.NDArray[Any], it: Layer, row: int, column: int) -> npt.NDArray[Any]:
    padded = np.pad(maps, ((0, 0), it.pad, it.pad))
    top, left = row * it.stride, column * it.stride
    return padded[:, top : top + it.window_px, left : left + it.window_px]


def _windows_over(pool: Layer, place: int) -> range:
    """Which windows of a pooling, along one axis, read the row or column `place` of the map below."""
    first = max(0, -(-(place - pool.window_px + 1) // pool.stride))
    return range(first, min(pool.size_px - 1, place // pool.stride) + 1)


def _gain(gains: Gains | None, it: Layer, unit: int) -> float:
    return float(np.broadcast_to(np.asarray((gains or {}).get(it.name, 1.0), np.float32), it.units)[unit])
