"""How one value of one unit came about, product by product: the arithmetic of `model.window` on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from app.components.window_words import arithmetic, blocks, channel_names, lead, words
from app.components.wire import pack
from app.figures import GPU_COLOURS
from model.explorer import Activations, Explorer
from model.layers import Layer
from model.steps import Place, Step, WeightedSum
from model.window import IMAGE, Gains, chain, colours_of, uses

FOLDER = Path(__file__).parent
HTML = """
<div class="window">
  <p class="lead"></p>
  <div class="top"><div class="pictures"></div><div class="channels" role="group"></div></div>
  <div class="grids"></div>
  <div class="player"><button class="play" type="button"></button><button class="step" type="button"></button><button
    class="whole" type="button"></button><span class="readout" role="status"></span></div>
  <div class="contributions"></div>
  <div class="arithmetic rows"></div>
  <div class="blocks"></div>
</div>
"""
_component = st.components.v2.component(
    "alexnet.window",
    html=HTML,
    css=(FOLDER / "window.css").read_text(encoding="utf-8"),
    js=(FOLDER / "window.js").read_text(encoding="utf-8"),
)


def window_panel(
    explorer: Explorer, seen: Activations, layer: str, unit: int, row: int = 0, column: int = 0,
    gains: Gains | None = None, *, key: str = "window",
) -> Place | None:  # fmt: skip
    """Spell out one value: products, sum, bias, f, gain; then normalisation and pooling, before it or behind it.

    Parameters
    ----------
    layer, unit, row, column
        A value of any layer, all from 0; row and column stay 0 for fully connected layers.
    gains : mapping, optional
        What `seen` was run with.

    Returns
    -------
    The value of the layer below that was asked for just now, by its button, or None.

    Raises
    ------
    ValueError
        When the network has no such value.
    """
    steps = chain(explorer, seen, layer, unit, row, column, gains)
    behind = uses(explorer, seen, layer, unit, row, column)
    result = _component(data=_bytes(explorer, seen, steps, behind), key=key, on_open_change=lambda: None)
    asked: list[int] | None = result.get("open")
    first = steps[0]
    return Place(first.reads, *asked) if asked and isinstance(first, WeightedSum) else None


def _bytes(explorer: Explorer, seen: Activations, steps: Sequence[Step], behind: Sequence[Step]) -> bytes:
    """A header in JSON, padded to whole floats, then patch and kernel in float32, then conv1's colours in uint8."""
    first = steps[0]
    assert isinstance(first, WeightedSum)
    colours = [colours_of(explorer, seen, first)] if first.reads == IMAGE else []
    header = {
        "unit": [first.place.layer, first.place.unit + 1],
        "view": [str(part) for step in (first, steps[-1]) for part in (step.place, step.output)],
        "size": first.patch.shape[1],
        "names": channel_names(first),
        "order": first.strongest.tolist(),
        "sums": first.sums.tolist(),
        "inside": first.inside.ravel().tolist(),
        "origin": [first.top, first.left],
        "colour": bool(colours),
        "gpus": _gpus(explorer, first),
        "words": words(first),
        "lead": lead(explorer, first),
        "arithmetic": arithmetic(explorer, seen, first),
        "blocks": blocks(explorer, seen, steps, behind),
    }
    return pack(header, first.patch, first.kernel, *colours)


def _gpus(explorer: Explorer, step: WeightedSum) -> list[str]:
    """The colour of the GPU that each map read is on; nothing where there is but one."""
    below: Layer | None = explorer.config.layer.get(step.reads)
    if below is None or below.towers == 1:
        return []
    return [GPU_COLOURS[int(gpu)] for gpu in np.asarray(step.channels) // (below.units // 2)]
