"""The words and numbers of the window panel, as plain data that its script lays out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from app.text import class_word, t
from model.explorer import Activations, Explorer
from model.steps import Normalisation, Place, Pooling, Softmax, Step, WeightedSum
from model.window import IMAGE, value_of

SPELLED = 4  # channels written out in the sum; the others are one number
CLASSES = 5
Row = tuple[str, str, str]


def number(value: float, digits: int = 5) -> str:
    """A number with so many significant digits and a true minus; powers of ten only for the very small."""
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        whole, *decimals = np.format_float_positional(value, digits, unique=False, fractional=False, trim="-").split(
            "."
        )
        text = ".".join([f"{int(whole):,}" if abs(value) >= 10_000 else whole, *decimals])
    return text.replace("-", "\u2212")


def added(values: Sequence[float], digits: int = 5) -> str:
    """1.2 + 3 \u2212 0.4"""
    first, *others = values
    signs = (f" {'+' if value >= 0 else chr(0x2212)} {number(abs(value), digits)}" for value in others)
    return number(first, digits) + "".join(signs)


def unit_name(explorer: Explorer, place: Place) -> str:
    """What a unit is called: "conv1 unit 17 on GPU1"."""
    it = explorer.config.layer[place.layer]
    if place.layer in ("fc8", "prob"):
        return t("window_class", layer=place.layer, name=class_word(explorer.info.classes[place.unit][1]))
    if it.towers == 1:
        return t("window_unit", layer=place.layer, number=place.unit + 1)
    gpu = place.unit // (it.units // it.towers) + 1
    return t("window_unit_gpu", layer=place.layer, number=place.unit + 1, gpu=gpu)


def place_name(explorer: Explorer, place: Place) -> str:
    """The unit, and where in its map."""
    name = unit_name(explorer, place)
    if explorer.config.layer[place.layer].size_px == 1:
        return name
    return t("window_at", name=name, row=place.row + 1, column=place.column + 1)


def channel_names(step: WeightedSum) -> list[str]:
    """What the maps read are called: red, green, blue, or their numbers."""
    if step.reads == IMAGE:
        return [t("window_red"), t("window_green"), t("window_blue")]
    return [f"{channel + 1}" for channel in step.channels]


def words(step: WeightedSum) -> dict[str, str]:
    """What the script says; names in braces are for it to fill."""
    number_of = {"layer": step.reads, "number": "{channel}"}
    if step.reads == IMAGE:
        channel = "{channel}"
    elif step.patch.shape[1] == 1:
        channel = t("window_unit", **number_of)
    else:
        channel = t("window_map", **number_of)
    at = {"row": "{row}", "column": "{column}"}
    product = {"value": "{value}", "weight": "{weight}", "product": "{product}"}
    return {
        "channel": channel,
        "channels": t("window_channels"),
        "patch": t("window_patch", channel="{channel}"),
        "kernel": t("window_kernel"),
        "products": t("window_products", sum="{sum}"),
        "play": t("window_play"),
        "pause": t("window_pause"),
        "step": t("window_step"),
        "whole": t("window_whole"),
        "whole_sum": t("window_whole_sum", count="{count}", channel="{channel}", sum="{sum}"),
        "running": t("window_running", number="{number}", count="{count}", sum="{sum}", **product),
        "hover": t("window_hover", channel="{channel}", **at, **product),
        "padding": t("window_padding_image") if step.reads == IMAGE else t("window_padding"),
        "colour_patch": t("window_colour_patch"),
        "colour_kernel": t("window_colour_kernel"),
        "rest": t("window_rest", count="{count}"),
        "open": t("window_open"),
        "csv": t("take_csv"),
        "csv_name": f"alexnet-{step.place.layer}-{step.place.unit + 1}.csv",
    }


def lead(explorer: Explorer, step: WeightedSum) -> str:
    """What is read, in a sentence or two."""
    facts = {"size": step.patch.shape[1], "count": len(step.channels), "reads": step.reads}
    name = place_name(explorer, step.place)
    if step.reads == IMAGE:
        sentences = [t("window_reads_image", name=name, **facts)]
    elif facts["size"] == 1:
        sentences = [t("window_reads_units", name=name, **facts)]
    else:
        sentences = [t("window_reads_maps", name=name, **facts)]
    if step.crosses.any():
        sentences.append(t("window_crosses", count=int(step.crosses.sum())))
        if step.cross_talk != 1:
            sentences.append(t("window_cross_talk", factor=number(step.cross_talk)))
    return " ".join(sentences)


def arithmetic(explorer: Explorer, seen: Activations, step: WeightedSum) -> list[Row]:
    """From the channels' sums to the unit's value: what it is called, how it is reckoned, what comes out."""
    sums = step.sums[step.strongest]
    shown = [float(value) for value in sums[:SPELLED]]
    if len(sums) > SPELLED:
        shown.append(float(sums[SPELLED:].sum()))
    rest = t("window_and_rest", count=len(sums) - SPELLED) if len(sums) > SPELLED else ""
    title = t("window_sum", count=len(sums)) if step.patch.shape[1] > 1 else t("window_sum_units", count=len(sums))
    rows = [(title, added(shown, 4) + rest, number(step.total))]
    total = step.total
    if step.halved != 1:
        total *= step.halved
        rows.append((t("window_halved"), f"{number(step.halved)} \u00d7 {number(step.total)}", number(total)))
    rows.append((t("window_bias"), added([total, step.bias]), number(step.before)))
    rows += _function(step.function, step.before, step.after)
    if step.gain != 1:
        rows.append((t("window_gain"), f"{number(step.gain)} \u00d7 {number(step.after)}", number(step.output)))
    return [*rows, _own(explorer, seen, step)]


def blocks(
    explorer: Explorer, seen: Activations, steps: Sequence[Step], behind: Sequence[Step]
) -> list[dict[str, Any]]:
    """What follows the weighted sum, a block a layer: a title, a table or grids, and rows of arithmetic."""
    chosen = steps[-1].place
    groups = [[step] for step in steps[1:]]
    groups += [list(group) for _, group in groupby(behind, lambda step: step.place.layer)]
    return [_block(explorer, seen, group, chosen) for group in groups]


def _block(explorer: Explorer, seen: Activations, steps: Sequence[Step], chosen: Place) -> dict[str, Any]:
    first = steps[0]
    if isinstance(first, Normalisation):
        block = _normalisation(explorer, first)
    elif isinstance(first, Softmax):
        block = _softmax(explorer, first)
    else:
        block = _poolings([step for step in steps if isinstance(step, Pooling)], chosen)
    title = place_name(explorer, first.place) if len(steps) == 1 else unit_name(explorer, first.place)
    return {**block, "title": title, "rows": [*block["rows"], *(_own(explorer, seen, step) for step in steps)]}


def _poolings(steps: Sequence[Pooling], chosen: Place) -> dict[str, Any]:
    first = steps[0]
    note = t("window_pool", size=first.values.shape[0], reads=first.reads)
    if any((step.windows > 1).any() for step in steps):
        note += " " + t("window_shared")
    if chosen.layer != first.place.layer:
        note += " " + t("window_chosen")
    return {
        "note": note,
        "grids": [_pooling(step, chosen) for step in steps],
        "rows": [row for step in steps for row in _function(step.function, step.largest, step.output)],
    }


def _normalisation(explorer: Explorer, step: Normalisation) -> dict[str, Any]:
    terms = [f"{number(float(value), 4)}\u00b2" for value in step.values.ravel()]
    spatial = step.values.ndim == 2
    rows = [
        (t("window_squares"), "" if spatial else " + ".join(terms), number(step.total)),
        (t("window_base"), f"{number(step.k)} + {number(step.alpha)} \u00d7 {number(step.total)}", number(step.base)),
        (t("window_power"), f"{number(step.base)} ^ {number(step.beta)}", number(step.divisor)),
        (t("window_quotient"), f"{number(step.value)} / {number(step.divisor)}", number(step.output)),
    ]
    if spatial:
        size = step.values.shape[0]
        grid = {"caption": "", "size": size, "values": step.values.ravel().tolist(), "winner": size * size // 2}
        return {"note": t("window_spatial", size=size), "grids": [grid], "rows": rows}
    lrn = explorer.config.lrn
    assert lrn
    own = explorer.config.norm_towers == 2
    note = t("window_lrn" if own else "window_lrn_across", n=lrn.n, reads=step.reads)
    if len(step.maps) < lrn.n:
        note += " " + t("window_lrn_border" if own else "window_lrn_across_border", count=len(step.maps))
    table = [
        [f"{unit + 1}", number(float(value)), number(float(square))]
        for unit, value, square in zip(step.maps, step.values, step.squares, strict=True)
    ]
    head = [t("window_lrn_map", reads=step.reads), "a", "a\u00b2"]
    strong = int(step.place.unit - step.maps[0])
    return {"note": note, "table": {"head": head, "rows": table, "strong": strong}, "rows": rows}


def _pooling(step: Pooling, chosen: Place) -> dict[str, Any]:
    """One window; `chosen` is marked where it is a value of the map below."""
    size = step.values.shape[0]
    row, column = step.winner
    shown = {"row": step.place.row + 1, "column": step.place.column + 1, "value": number(step.largest)}
    below = chosen.layer != step.place.layer
    return {
        "caption": t("window_pool_caption", **shown),
        "size": size,
        "values": step.values.ravel().tolist(),
        "winner": (row - step.top) * size + column - step.left,
        "shared": (step.windows > 1).ravel().tolist(),
        "chosen": (chosen.row - step.top) * size + chosen.column - step.left if below else -1,
    }


def _softmax(explorer: Explorer, step: Softmax) -> dict[str, Any]:
    best = np.argsort(-step.logits, kind="stable")[:CLASSES].tolist()
    shown = best if step.place.unit in best else [*best, step.place.unit]
    own = float(step.exponentials[step.place.unit])
    table = [
        [class_word(explorer.info.classes[i][1]), number(float(step.logits[i])), number(float(step.exponentials[i])),
         number(float(step.exponentials[i]) / step.total)] for i in shown
    ]  # fmt: skip
    head = [t("window_class_head"), "z", t("window_exponential", largest=number(step.largest)), t("window_probability")]
    return {
        "note": t("window_softmax", count=len(step.logits)),
        "table": {"head": head, "rows": table, "strong": shown.index(step.place.unit)},
        "rows": [
            (t("window_exponentials", count=len(step.logits)), "", number(step.total)),
            (t("window_quotient"), f"{number(own)} / {number(step.total)}", number(step.output)),
        ],
    }


def _function(function: str, before: float, after: float) -> list[Row]:
    if not function:
        return []
    reckoned = f"max(0, {number(before)})" if function == "relu" else f"tanh({number(before)})"
    return [(t("window_relu") if function == "relu" else t("window_tanh"), reckoned, number(after))]


def _own(explorer: Explorer, seen: Activations, step: Step) -> Row:
    """The network's own value, for comparison."""
    return (t("window_own"), place_name(explorer, step.place), number(value_of(explorer, seen, step.place)))
