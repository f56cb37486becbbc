"""The map of a gallery: where the picture in use lands among all others, coloured as wanted, selected and taken home."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import galleries, state
from app.bars import count_bars
from app.components.map import Asked, Kind, Mine, Ramp, clicked, placed, point_map, selected
from app.figures import MAGMA
from app.galleries import Query
from app.tables import csv_button
from app.text import class_word, t
from model.gallery import export, maps
from model.gallery.store import Gallery

COLOURS = ("class", "prediction", "error", "confidence", "unit")
PLACED_BY = 15
MOST_SHOWN, MOST_COUNTED = 60, 20
RIGHT, WRONG = "#999999", "#D81B60"
TILES_CSS = """
.selected { display: flex; flex-wrap: wrap; gap: 6px; }
.selected > * { width: 72px; height: 72px; }
.selected span { display: flex; align-items: center; justify-content: center; padding: 2px; overflow: hidden; text-align: center;
  font-size: 12px; line-height: 14px; overflow-wrap: anywhere; border-radius: 3px;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
"""
# Twenty as far apart as a search found them, for colour-blind eyes too, on light and dark, and away from the GPUs' two.
PALETTE = [
    "#aa66bb", "#ee1144", "#0000ff", "#44ccaa", "#882255", "#99cc00", "#ff00ff", "#009966", "#ddaa55", "#ff88ff",
    "#9900aa", "#6600cc", "#bb7700", "#990033", "#663377", "#aa99bb", "#774400", "#ff7788", "#776688", "#0077dd",
]  # fmt: skip
NO_CLASS = "#888888"
TOLD_APART = 40  # classes, by colours of their own


def map_panel(gallery: Gallery, query: Query) -> None:
    """Choices, the map, and what is selected in it."""
    if not gallery.maps:
        return
    st.markdown(f"**{t('map_title')}**")
    with st.container(horizontal=True):
        name = _choice("map", "map_kind", tuple(gallery.maps), "map_")
        colour = _choice("by", "map_colour", COLOURS if gallery.class_ids else COLOURS[1:], "map_by_")
        layer, unit = _unit(gallery) if colour == "unit" else ("", 0)
    colours, legend = _colours(gallery, colour, layer, unit)
    positions = gallery.maps[name]
    near = [one.row for one in galleries.nearest(gallery, query, "fc7", state.view().k)]
    own = [Mine(one.query.name, one.picture, _place(gallery, positions, one.query)) for one in galleries.own()]
    point_map(
        positions, colours, legend, f"gallery/{galleries.key_of(gallery)}/ROW", gallery.thumbnails is not None,
        Asked(_place(gallery, positions, query), near), own,
        f"{galleries.key_of(gallery)} {query.key} {name} {colour} {layer} {unit}", _take_query,
    )  # fmt: skip
    about = gallery.about["map"]
    trust = about["trustworthiness"].get(name)
    says = [t("map_caption", points=about["points"])]
    if not _has_place(positions, query):
        says.append(t("map_placed", near=PLACED_BY))
    if own:
        says.append(t("map_own"))
    if (
        colour in ("class", "prediction")
        and not isinstance(legend, Ramp)
        and len({kind.colour for kind in legend} - {NO_CLASS}) > TOLD_APART
    ):
        says.append(t("map_in_order"))
    st.caption(" ".join(says + ([t("map_trust", value=trust)] if trust else [])))
    _selection(gallery, selected(positions))


def _choice(part: str, key: str, options: Sequence[str], prefix: str) -> str:
    """One of the options, which the view keeps in `part`."""
    named = getattr(state.view(), part)
    chosen: str = named if named in options else options[0]
    st.session_state[key] = chosen
    st.selectbox(
        t(key), options, format_func=lambda one: t(f"{prefix}{one}"), key=key,
        on_change=state.while_shown(_take), args=(part, key),
    )  # fmt: skip
    return chosen


def _take(part: str, key: str) -> None:
    state.change(**{part: st.session_state[key]})


def _has_place(positions: npt.NDArray[np.float32], query: Query) -> bool:
    """Whether a picture is of the map and lesions do not move it."""
    return query.row is not None and not query.is_moved and query.row in placed(positions)


def _place(gallery: Gallery, positions: npt.NDArray[np.float32], query: Query) -> npt.NDArray[np.float32]:
    """Where a picture lies: its own place, or the one that its neighbours give it."""
    rows = placed(positions)
    if _has_place(positions, query):
        own: npt.NDArray[np.float32] = positions[query.row]
        return own
    near = [one for one in galleries.nearest_among(gallery, query, rows) if one.row != query.row][:PLACED_BY]
    if not near:
        return np.full(positions.shape[1], np.nan, np.float32)
    return maps.place(positions[[one.row for one in near]], np.array([one.distance for one in near]))


def _take_query() -> None:
    row = clicked()
    if row is not None:
        state.change(query=row, why=None)


def _unit(gallery: Gallery) -> tuple[str, int]:
    kept = {*gallery.peaks, *gallery.features}
    layers = [row.name for row in state.explorer().config.layers if row.name in kept]
    layer = st.selectbox(t("map_layer"), layers, index=layers.index("fc7"), key="map_layer")
    units = _units(gallery, layer)
    unit = st.number_input(t("map_unit"), 1, units, 1, key=f"map_unit_{layer}")
    return layer, int(unit) - 1


def _units(gallery: Gallery, layer: str) -> int:
    return state.explorer().config.layer[layer].units


@st.cache_resource(max_entries=16, ttl=3600, show_spinner=False)
def _values(key: str, layer: str, unit: int, _gallery: Gallery) -> npt.NDArray[np.float32]:
    """(n,), the strongest value of a unit in every picture of the gallery of that key; a column is slow to read."""
    if layer in _gallery.peaks:
        return np.asarray(_gallery.peaks[layer][:, unit], np.float32)
    features = _gallery.features[layer]
    size = features.shape[1] // _units(_gallery, layer)
    values: npt.NDArray[np.float32] = np.asarray(features[:, unit * size : (unit + 1) * size], np.float32).max(1)
    return values


def _colours(
    gallery: Gallery, colour: str, layer: str, unit: int
) -> tuple[npt.NDArray[np.uint16], Sequence[Kind] | Ramp]:
    match colour:
        case "class":
            return _kinds(gallery.labels, gallery.class_names)
        case "prediction":
            return _kinds(gallery.predictions, gallery.classes)
        case "error":
            wrong = galleries.wrong(gallery).astype(np.uint16)
            counts = np.bincount(wrong, minlength=2)
            return wrong, (Kind(t("map_right"), RIGHT, int(counts[0])), Kind(t("map_wrong"), WRONG, int(counts[1])))
        case "confidence":
            return _ramp(gallery.confidences, 0, 1)
        case _:
            values = _values(galleries.key_of(gallery), layer, unit, gallery)
            low = min(0.0, float(values.min()))  # fc8 goes below zero
            high = float(values.max())
            return _ramp(values, low, high if high > low else low + 1)


def _ramp(values: npt.NDArray[np.float32], low: float, high: float) -> tuple[npt.NDArray[np.uint16], Ramp]:
    colours = tuple(f"#{colour}" for colour in MAGMA.split())
    shares = np.clip((values - low) / (high - low), 0, 1)
    return np.round(255 * shares).astype(np.uint16), Ramp(colours, f"{low:.3g}", f"{high:.3g}")


def _kinds(numbers: npt.NDArray[np.int16], names: Sequence[str]) -> tuple[npt.NDArray[np.uint16], Sequence[Kind]]:
    """Every class that occurs, with a colour of its own."""
    present, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    classes = [number for number in present.tolist() if number >= 0]
    colours = {number: colour_of(i, len(classes)) for i, number in enumerate(classes)}
    return places.astype(np.uint16), tuple(
        Kind(class_word(names[number]) if number in colours else t("map_none"), colours.get(number, NO_CLASS), count)
        for number, count in zip(present.tolist(), counts.tolist(), strict=True)
    )


def colour_of(number: int, of: int) -> str:
    """A colour for the nth of so many classes; beyond `TOLD_APART` one hue after the other, so that classes in a row look alike.

    Two hundred colours that all differ show nothing, while WordNet's numbers, in whose order ImageNet's classes are, go from animals
    over what people made to food and landscapes.
    """
    if of > TOLD_APART:
        hue, lightness, saturation = 0.85 * number / of, 0.45, 0.8
    elif number < len(PALETTE):
        return PALETTE[number]
    else:  # hues far apart in three lightnesses, which do come near others
        hue, lightness, saturation = (
            (number * 0.381966) % 1,
            (0.5, 0.36, 0.68)[number % 3],
            (0.75, 0.7, 0.6)[number % 3],
        )
    return "#" + "".join(f"{round(255 * value):02x}" for value in colorsys.hls_to_rgb(hue, lightness, saturation))


def _selection(gallery: Gallery, rows: npt.NDArray[np.int64]) -> None:
    if not len(rows):
        return
    st.markdown(f"**{t('map_selected', count=len(rows))}**")
    counts = _counts(gallery, rows)
    st.html(count_bars(counts[:MOST_COUNTED], t("map_counts" if gallery.class_ids else "map_counts_predicted")))
    if len(counts) > MOST_COUNTED:
        st.caption(t("map_more_counted", count=MOST_COUNTED, of=len(counts)))
    csv_button([{t("column_class"): name, t("column_images"): count} for name, count in counts], "map_counts")
    with st.container(horizontal=True):
        _download("csv", "text/csv", partial(export.to_csv, gallery, rows))
        _download("zip", "application/zip", partial(export.to_zip, gallery, rows))
    st.html(_tiles(gallery, rows[:MOST_SHOWN].tolist()))
    if len(rows) > MOST_SHOWN:
        st.caption(t("map_more_selected", count=MOST_SHOWN))


def _tiles(gallery: Gallery, rows: Sequence[int]) -> str:
    """HTML of pictures side by side; one that is not here shows its class."""
    tiles = ""
    for row in rows:
        address, name = galleries.address(gallery, row), escape(galleries.label(gallery, row))
        tiles += (
            f'<img src="{address}" alt="{name}" title="{name}">' if address else f'<span title="{name}">{name}</span>'
        )
    return f'<style>{TILES_CSS}</style><div class="selected">{tiles}</div>'


def _download(kind: str, mime: str, make: Callable[[], str | bytes]) -> None:
    """A button for a file that is made when it is asked for."""
    st.download_button(t(f"map_{kind}"), make, f"selection.{kind}", mime, key=f"map_{kind}", on_click="ignore")


def _counts(gallery: Gallery, rows: npt.NDArray[np.int64]) -> list[tuple[str, int]]:
    """How many of each class are among some rows, the most frequent first; of the prediction where there are no classes."""
    numbers, names = (
        (gallery.labels, gallery.class_names) if gallery.class_ids else (gallery.predictions, gallery.classes)
    )
    counts = np.bincount(numbers[rows].astype(np.int64) + 1)  # 0 is no class
    order = np.argsort(-counts, kind="stable")
    return [(class_word(names[i - 1]) if i else t("map_none"), int(counts[i])) for i in order.tolist() if counts[i]]
