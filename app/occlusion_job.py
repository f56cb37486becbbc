"""One occlusion map in the making, in a thread of its own, and the finished ones of this session."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.text import t
from model.occlusion import Occlusion


@dataclass(frozen=True)
class Wanted:
    """Which map: it stays good as long as these stay as they are."""

    model_key: str
    key: str
    patch_px: int
    stride_px: int


@dataclass(frozen=True, eq=False)
class Finished:
    """A map, and the crop that it lies over."""

    occlusion: Occlusion
    pixels: npt.NDArray[np.uint8]
    unhidden: npt.NDArray[np.float32]
    """(classes,), the probabilities without a patch."""


@dataclass(eq=False)
class Job:
    """Work under way. The page asks how far it is; nothing of Streamlit is touched in its thread."""

    wanted: Wanted
    places: int
    done: int = 0
    finished: Finished | None = None
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    _failed: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self, work: Callable[[Job], Finished | None]) -> None:
        """Begin; returns at once."""
        self._failed = t("failed")  # in the visitor's language, which that thread does not know
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def cancel(self) -> None:
        """Stop after the batch that is being computed."""
        self._stop.set()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def seconds_left(self) -> float:
        """Guessed from what is done; 0 before the first batch."""
        taken = time.monotonic() - self.started
        return taken / self.done * (self.places - self.done) if self.done else 0.0

    def go_on(self, done: int, places: int) -> bool:
        """What `occlude` tells after every batch, and whether it shall go on."""
        self.done = done
        return not self._stop.is_set()

    def _run(self, work: Callable[[Job], Finished | None]) -> None:
        try:
            self.finished = work(self)
        except ValueError as reason:
            self.error = str(reason)
        except Exception:  # the page must hear of it, whatever it was
            logging.getLogger(__name__).exception("an occlusion map failed")
            self.error = self._failed
        finally:
            self._over.set()
