"""Figure 3: the first layer's kernels by GPU, sorted in the browser, at the moment of its training that the story below it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.components.wire import pack
from app.figures import BAR_COLOUR, GPU_COLOURS
from app.text import t
from model.layers import Layer

HTML = """
<div class="atlas">
  <div class="bar">
    <label class="sort"><span></span> <select></select></label>
    <span class="tip" role="status" aria-live="polite"></span>
  </div>
  <div class="towers"></div>
</div>
"""
CSS = """
.atlas { font: 14px var(--st-font); color: var(--st-text-color); }
.bar { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; min-height: 32px; margin-bottom: 8px; }
select { font: inherit; color: inherit; background: var(--st-background-color); padding: 4px 10px; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: 4px; }
.tip { flex: 1 1 300px; line-height: 1.3; font-variant-numeric: tabular-nums; min-height: 2.6em; display: flex; align-items: center; }
.towers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); gap: 16px; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; border-bottom: 3px solid var(--tower); margin-bottom: 8px; padding-bottom: 4px; }
canvas:focus-visible, select:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; }
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
    each: bool,
    selected: int,
    marked: Sequence[int] = (),
    story: str,
    key: str,
    sort: int,
    on_choice: Callable[[int, int], None],
) -> None:
    """Draw kernels by GPU.

    Parameters
    ----------
    pictures : uint8 ndarray of shape (kernels, height, width, 3)
    tips : sequence of str
        What is said of each kernel under the pointer.
    each : bool
        The browser stretches every kernel of a past moment to its own range, as `pictures` are already.
    marked : sequence of int
        Kernels with a ring.
    story : str
        The key of the story whose moments the kernels go through; empty for none. Its last moment is `pictures`.
    sort : int
        Which of `sorts` orders them.
    on_choice : callable
        Called with the kernel and the order that were chosen before the page is drawn anew, so that neither is behind.
    """
    choice = st.session_state.get(key, {}).get("choice")
    header = {
        "kernels": len(pictures),
        "height": pictures.shape[1],
        "width": pictures.shape[2],
        "selected": selected,
        "marked": list(marked),
        "story": story,
        "each": each,
        "sort": sort,
        "heard": choice["number"] if choice else 0,
        "sorts": [asdict(one) for one in sorts],
        "tips": list(tips),
        "towers": [_tower(layer, tower) for tower in range(layer.towers)],
        "words": {"sort": t("kernels_sort")},
    }

    def taken() -> None:
        chosen = st.session_state[key]["choice"]
        on_choice(chosen["kernel"], chosen["sort"])

    _component(
        data=pack(header, pictures),
        key=key,
        on_choice_change=taken,
    )


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
