"""Fully connected weights in 4 bits, by blocks with a scale each, as ONNX Runtime's MatMulNBits reads them.

Nine tenths of the paper's 61 M parameters are in fc6 and fc7: 244 MB in 32 bits become 57, and of a network for twenty classes 41.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BITS, BLOCK = 4, 64
ZERO = 1 << (BITS - 1)  # the code of a weight of 0
SHRINKS = np.linspace(1.0, 0.7, 13)  # of a block's scale: a peak cut off is less harm than all others rounded coarsely
ROWS = 256  # compressed at a time
Array = npt.NDArray[np.float32]


class Blocks(NamedTuple):
    """A matrix (units, reads); a weight is (code - 8) times its block's scale."""

    codes: npt.NDArray[np.uint8]
    """(units, blocks, 32): two weights a byte, the lower half first."""
    scales: Array
    """(units, blocks)."""


def compress(weights: Array) -> Blocks:
    """A matrix in 4 bits, each block with the scale, among a few, that leaves the least squared error.

    Parameters
    ----------
    weights : ndarray of shape (units, reads)
        Rows that do not fill whole blocks are filled up with zeros.
    """
    parts = [_compress_rows(weights[start : start + ROWS]) for start in range(0, len(weights), ROWS)]
    return Blocks(np.concatenate([part.codes for part in parts]), np.concatenate([part.scales for part in parts]))


def _compress_rows(weights: Array) -> Blocks:
    units, reads = weights.shape
    blocks = np.pad(weights, ((0, 0), (0, -reads % BLOCK))).reshape(units, -1, BLOCK)
    peaks = np.take_along_axis(blocks, np.abs(blocks).argmax(2, keepdims=True), 2)  # code 0 is for them, 8 steps from 0
    least = np.full(peaks.shape, np.inf, np.float32)
    codes, scales = np.zeros(blocks.shape, np.uint8), np.zeros(peaks.shape, np.float32)
    for shrink in SHRINKS:
        tried = (peaks * (-shrink / ZERO)).astype(np.float32)
        steps = np.clip(np.rint(blocks / np.where(tried == 0, 1, tried)), -ZERO, ZERO - 1)
        error = np.square(steps * tried - blocks).sum(2, keepdims=True)
        better = error < least
        least = np.where(better, error, least)
        scales = np.where(better, tried, scales)
        codes = np.where(better, (steps + ZERO).astype(np.uint8), codes)
    return Blocks(codes[..., 0::2] | codes[..., 1::2] << np.uint8(BITS), scales[..., 0])


def restore(blocks: Blocks, reads: int) -> Array:
    """The matrix (units, reads) that the codes stand for, which is what the network computes with."""
    codes = np.stack([blocks.codes & (2 * ZERO - 1), blocks.codes >> BITS], 3).reshape(*blocks.scales.shape, BLOCK)
    weights = (codes.astype(np.float32) - ZERO) * blocks.scales[..., None]
    return np.ascontiguousarray(weights.reshape(len(weights), -1)[:, :reads])
