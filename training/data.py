"""Prepared pictures as batches on the device, read ahead of the step that learns from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.layers import SQUARE_PX
from training.prepared import SQUARE_BYTES, Prepared

Indices = npt.NDArray[np.int64]
Batch = tuple[Tensor, Tensor]
SQUARE = (SQUARE_PX, SQUARE_PX, 3)
BLOCK = 4096  # pictures that pass through the computer's memory on their way to the GPU's
AHEAD = 2  # batches read while one is learned from
GPU_SHARE = 0.5  # of its free memory, for pictures that are to live there


def shuffled(seed: int, epoch: int, num_images: int) -> Indices:
    """The order of an epoch's pictures: the same for every process and after every interruption."""
    return np.random.default_rng([seed, epoch]).permutation(num_images)


class Feed:
    """Serves a prepared set to one device; the whole of it lives on a GPU that has the room."""

    def __init__(self, pictures: Prepared, device: torch.device) -> None:
        self.pictures, self.device = pictures, device
        self.labels = torch.from_numpy(pictures.labels)
        self.resident: Tensor | None = None
        if device.type == "cuda":
            self.stream = torch.cuda.Stream(device)
            free_bytes = torch.cuda.mem_get_info(device)[0]
            if len(pictures.labels) * SQUARE_BYTES < GPU_SHARE * free_bytes:
                self.resident = torch.empty((len(pictures.labels), *SQUARE), dtype=torch.uint8, device=device)
                for at in range(0, len(self.resident), BLOCK):
                    block = np.array(pictures.images[at : at + BLOCK])  # torch warns of arrays that cannot be written
                    self.resident[at : at + BLOCK].copy_(torch.from_numpy(block))

    def batches(self, parts: Iterable[Indices]) -> Iterator[Batch]:
        """(uint8 squares (n, 256, 256, 3), int64 labels (n,)) on the device, for each array of indices."""
        with ThreadPoolExecutor(1) as reader:
            waiting: deque[Future[Batch]] = deque()
            for part in parts:
                waiting.append(reader.submit(self._read, part))
                if len(waiting) > AHEAD:
                    yield self._arrived(waiting.popleft().result())
            while waiting:
                yield self._arrived(waiting.popleft().result())

    def _read(self, indices: Indices) -> Batch:
        labels = self.labels[torch.from_numpy(indices)]
        if self.resident is not None:
            return self.resident[torch.from_numpy(indices).to(self.device)], labels.to(self.device)
        squares = torch.from_numpy(self.pictures.images[indices])
        if self.device.type != "cuda":
            return squares, labels
        with torch.cuda.stream(self.stream):  # beside the step that is under way
            return tuple(x.pin_memory().to(self.device, non_blocking=True) for x in (squares, labels))  # type: ignore[return-value]

    def _arrived(self, batch: Batch) -> Batch:
        if self.device.type == "cuda" and self.resident is None:
            torch.cuda.current_stream(self.device).wait_stream(self.stream)
            for x in batch:
                x.record_stream(torch.cuda.current_stream(self.device))
        return batch
