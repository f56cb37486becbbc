"""What a layer would be under other settings: numpy, from what the network made of the layers below. Free of torch.

Explorer.run gives the network as it was trained; the lessons turn one setting and show what becomes of one layer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.explorer import Activations, Array, Explorer
from model.layers import LRN


def sums_of_conv1(explorer: Explorer, seen: Activations) -> Array:
    """conv1 before its activation function, (kernels, rows, columns): sums of products and the bias."""
    row = explorer.config.layer["conv1"]
    size, stride = row.window_px, row.stride
    padded = np.pad(seen.crop, ((0, 0), row.pad, row.pad))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    weights, bias = explorer.weights["conv1.weight"], explorer.weights["conv1.bias"]
    sums: Array = np.tensordot(weights, windows, axes=((1, 2, 3), (0, 3, 4))) + bias[:, None, None]
    return sums


def neighbours(units: int, unit: int, n: int, towers: int) -> range:
    """The n units around one whose squares local response normalisation adds, fewer at the edge of a tower (section 3.3)."""
    share = units // towers
    start = unit // share * share
    return range(max(unit - n // 2, start), min(unit + n // 2 + 1, start + share))


def divisor(maps: Array, unit: int, lrn: LRN, towers: int) -> npt.NDArray[np.float64]:
    """What local response normalisation divides one of the maps (units, rows, columns) by, place for place, (rows, columns)."""
    around = neighbours(len(maps), unit, lrn.n, towers)
    squares = maps[around.start : around.stop].astype(np.float64) ** 2
    divided: npt.NDArray[np.float64] = (lrn.k + lrn.alpha * squares.sum(0)) ** lrn.beta
    return divided


def pooled(maps: Array, size: int, stride: int) -> Array:
    """Max pooling of maps (units, rows, columns) with windows of size x size, stride apart, none overhanging."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    largest: Array = windows.max((3, 4))
    return largest


def windows_over(length: int, size: int, stride: int) -> npt.NDArray[np.int64]:
    """(length,), how many pooling windows read each place along one axis."""
    starts = np.arange(0, length - size + 1, stride)
    places = np.arange(length)
    covered = (places >= starts[:, None]) & (places < starts[:, None] + size)
    return np.asarray(covered.sum(0), np.int64)


def thinned(explorer: Explorer, seen: Activations, count: int, seed: int) -> Array:
    """Class probabilities (count, classes) of networks that dropout leaves: half of fc6 and fc7 silent at random.

    As in training (section 4.2): nothing is halved, and where a network's training doubled what was left, it is doubled. What
    `seen` holds in fc6 is thinned; fc7 and fc8 alone are computed anew.
    """
    random, weights = np.random.default_rng(seed), explorer.weights
    layer = explorer.config.layer
    masks = [[random.integers(0, 2, layer[name].units) for name in ("fc6", "fc7")] for _ in range(count)]
    kept = 1 if explorer.config.halved_at_test else 2
    fc6_mask, fc7_mask = (np.asarray(one, np.float32) * kept for one in zip(*masks, strict=True))
    sums = (seen["fc6"] * fc6_mask) @ weights["fc7.weight"].T + weights["fc7.bias"]
    fc7 = (np.tanh(sums) if explorer.config.activation == "tanh" else np.maximum(sums, 0)) * fc7_mask
    logits = fc7 @ weights["fc8.weight"].T + weights["fc8.bias"]
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    made: Array = exponentials / exponentials.sum(1, keepdims=True)
    return made


def descent(
    start: float, steps: int, lr: float, momentum: float, decay: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Section 5's rule on the slope of `hill`: v <- momentum v - decay lr w - lr grad; w <- w + v.

    Returns
    -------
    w (steps + 1,) and v (steps + 1,), the start first.
    """
    w, v = np.empty(steps + 1), np.zeros(steps + 1)
    w[0] = start
    for i in range(steps):
        v[i + 1] = momentum * v[i] - decay * lr * w[i] - lr * hill_slope(w[i])
        w[i + 1] = w[i] + v[i + 1]
    return w, v


def hill(w: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """A loss with a shallow hollow, at about -1.1, beside the deeper one, at about 2.1."""
    w = np.asarray(w, np.float64)
    return 0.05 * w**4 - 0.05 * w**3 - 0.25 * w**2 - 0.1 * w + 1.0


def hill_slope(w: float) -> float:
    """The slope of `hill`."""
    return 0.2 * w**3 - 0.15 * w**2 - 0.5 * w - 0.1
