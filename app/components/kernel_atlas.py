"""Figure 3: the first layer's kernels by GPU, sorted and played back in the browser from one array of bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.figures import BAR_COLOUR, GPU_COLOURS
from app.text import t
from model.history import History
from model.layers import Layer

HTML = """
<div class="atlas">
  <div class="bar">
    <label class="sort"><span></span> <select></select></label>
    <span class="tip" role="status" aria-live="polite"></span>
  </div>
  <div class="towers"></div>
  <div class="history" hidden><button type="button"></button><input type="range" min="0" step="1"><output></output></div>
</div>
"""
CSS = """
.atlas { font: 14px var(--st-font); color: var(--st-text-color); }
.bar, .history { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; min-height: 32px; margin-bottom: 8px; }
.history { margin: 12px 0 0; }
.history[hidden] { display: none; }
select, button { font: inherit; color: inherit; background: var(--st-background-color); padding: 4px 10px; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: 4px; }
button { min-width: 72px; }
input { height: 24px; flex: 1 1 200px; max-width: 420px; accent-color: var(--st-primary-color); }
.tip, output { font-variant-numeric: tabular-nums; }
.tip { flex: 1 1 300px; line-height: 1.3; min-height: 2.6em; display: flex; align-items: center; }
output { flex: 1 1 280px; min-height: 20px; }
.towers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); gap: 16px; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; border-bottom: 3px solid var(--tower); margin-bottom: 8px; padding-bottom: 4px; }
canvas:focus-visible, select:focus-visible, button:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; }
canvas { display: block; cursor: pointer; font-variant-numeric: tabular-nums; }
"""
_component = st.components.v2.component(
    "alexnet.kernel_atlas",
    html=HTML,
    css=CSS,
    js=(Path(__file__).parent / "kernel_atlas.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One way to order the kernels."""

    label: str
    values: Sequence[float] | None = None
    """One a kernel, smallest first; None keeps the order of the file."""
    texts: Sequence[str] = ()
    """The number written below each kernel."""
    sure: Sequence[bool] = ()
    """False dims a kernel and puts it last."""


def kernel_atlas(
    layer: Layer,
    pictures: npt.NDArray[np.uint8],
    *,
    sorts: Sequence[Sort],
    tips: Sequence[str],
    history: History | None,
    each: bool,
    selected: int,
    marked: Sequence[int] = (),
    model: str,
    key: str,
    on_choice: Callable[[int], None],
    sort: int,
    on_sort: Callable[[int], None],
) -> None:
    """Draw kernels by GPU.

    Parameters
    ----------
    pictures : uint8 ndarray of shape (kernels, height, width, 3)
    tips : sequence of str
        What is said of each kernel under the pointer.
    history : History, optional
        Adds a slider and a button that plays it; its last moment has to be these kernels.
    each : bool
        The browser stretches every kernel of the history to its own range, as `pictures` are already.
    marked : sequence of int
        Kernels with a ring.
    model : str
        Whose kernels they are: another one sends the slider back to the end.
    on_choice : callable
        Called with the kernel that was clicked before the page is drawn anew, so that `selected` is never behind.
    sort : int
        Which of `sorts` orders them; `on_sort` is called with another one that was chosen.
    """
    header = {
        "kernels": len(pictures),
        "height": pictures.shape[1],
        "width": pictures.shape[2],
        "selected": selected,
        "marked": list(marked),
        "model": model,
        "each": each,
        "sort": sort,
        "sorts": [asdict(one) for one in sorts],
        "tips": list(tips),
        "moments": [_moment(history, i) for i in range(len(history.epochs))] if history else [],
        "towers": [_tower(layer, tower) for tower in range(layer.towers)],
        "words": {"sort": t("kernels_sort"), "play": t("kernels_play"), "pause": t("kernels_pause"),
                  "slider": t("kernels_slider")},
    }  # fmt: skip
    head = json.dumps(header).encode()
    codes = history.codes.tobytes() if history else b""
    _component(
        data=struct.pack("<I", len(head)) + head + np.ascontiguousarray(pictures).tobytes() + codes,
        key=key,
        on_kernel_change=lambda: on_choice(st.session_state[key]["kernel"]),
        on_sort_change=lambda: on_sort(st.session_state[key]["sort"]),
    )


def _moment(history: History, moment: int) -> str:
    epoch, (top1, top5) = int(history.epochs[moment]), history.errors[moment]
    if epoch == 0:
        return t("kernels_moment_0")
    if np.isnan(top1):
        return t("kernels_moment_unmeasured", epoch=epoch)
    return t("kernels_moment", epoch=epoch, top1=float(top1), top5=float(top5))


def _tower(layer: Layer, tower: int) -> dict[str, object]:
    units = layer.tower_units(tower)
    names = {"number": tower + 1, "first": units.start + 1, "last": units.stop}
    label = t("atlas_tower", **names) if layer.towers == 2 else t("atlas_one_tower", **names)
    return {
        "first": units.start,
        "count": units.stop - units.start,
        "label": label,
        "ariaLabel": t("kernels_atlas_label", tower=label),
        "colour": GPU_COLOURS[tower] if layer.towers == 2 else BAR_COLOUR,
    }
