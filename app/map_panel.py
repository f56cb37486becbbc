"""The map of a gallery: where the picture in use lands among all others, coloured as wanted, selected and taken home."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import galleries, state
from app.bars import count_bars
from app.components.map import Kind, Ramp, clicked, point_map, selected
from app.figures import MAGMA
from app.galleries import Query
from app.tables import csv_button
from app.text import class_word, plain, t
from model.gallery import export, maps
from model.gallery.search import Neighbour
from model.gallery.store import Gallery

COLOURS = ("class", "prediction", "error", "confidence", "unit")
PLACED_BY = 15
MOST_SHOWN = 60
RIGHT, WRONG = "#999999", "#D81B60"
GREY = "#999999"
# Twenty as far apart as a search found them, for colour-blind eyes too, on light and dark, and away from the GPUs' two.
PALETTE = [
    "#aa66bb", "#ee1144", "#0000ff", "#44ccaa", "#882255", "#99cc00", "#ff00ff", "#009966", "#ddaa55", "#ff88ff",
    "#9900aa", "#6600cc", "#bb7700", "#990033", "#663377", "#aa99bb", "#774400", "#ff7788", "#776688", "#0077dd",
]  # fmt: skip


def map_panel(gallery: Gallery, query: Query) -> None:
    """Choices, the map, and what is selected in it."""
    if not gallery.maps:
        return
    st.markdown(f"**{t('map_title')}**")
    with st.container(horizontal=True):
        name = _choice("map_kind", tuple(gallery.maps), "map_")
        colour = _choice("map_colour", COLOURS if gallery.class_ids else COLOURS[1:], "map_by_")
        layer, unit = _unit(gallery) if colour == "unit" else ("", 0)
    colours, legend = _colours(gallery, colour, layer, unit)
    near = [one for one in galleries.nearest(gallery, query, "fc7", PLACED_BY) if one.row < len(gallery)]
    point_map(
        gallery.maps[name], colours, legend, f"gallery/{galleries.key_of(gallery)}/ROW", gallery.thumbnails is not None,
        _place(gallery.maps[name], query, near), [one.row for one in near[: state.view().k]],
        f"{galleries.key_of(gallery)} {query.key} {name} {colour} {layer} {unit}", _take_query, lambda: None,
    )  # fmt: skip
    about = gallery.about["map"]
    trust = about["trustworthiness"].get(name)
    st.caption(t("map_caption", points=about["points"]) + (" " + t("map_trust", value=trust) if trust else ""))
    _selection(gallery, selected(len(gallery)))


def _choice(key: str, options: Sequence[str], prefix: str) -> str:
    chosen: str = st.selectbox(
        t(key), options, format_func=lambda one: t(f"{prefix}{one}"), key=key, persist_state="session"
    )
    return chosen


def _place(positions: npt.NDArray[np.float32], query: Query, near: Sequence[Neighbour]) -> npt.NDArray[np.float32]:
    """Where the query lies: its own place, or the one that its neighbours give it."""
    if query.row is not None and query.row < len(positions):
        own: npt.NDArray[np.float32] = positions[query.row]
        return own
    if not near:
        return np.full(positions.shape[1], np.nan, np.float32)
    return maps.place(positions[[one.row for one in near]], np.array([one.distance for one in near]))


def _take_query() -> None:
    row = clicked()
    if row is not None:
        state.change(query=row, why=None)


def _unit(gallery: Gallery) -> tuple[str, int]:
    layers = [*gallery.peaks, *(name for name in ("pool5", "fc6", "fc7") if name in gallery.features)]
    layer = st.selectbox(t("map_layer"), layers, index=len(layers) - 1, key="map_layer")
    units = _units(gallery, layer)
    unit = st.number_input(t("map_unit"), 1, units, 1, key=f"map_unit_{layer}")
    return layer, int(unit) - 1


def _units(gallery: Gallery, layer: str) -> int:
    return state.explorer().config.layer[layer].units


def _values(gallery: Gallery, layer: str, unit: int) -> npt.NDArray[np.float32]:
    """(n,), the strongest value of a unit in every picture."""
    if layer in gallery.peaks:
        return np.asarray(gallery.peaks[layer][:, unit], np.float32)
    features = gallery.features[layer]
    size = features.shape[1] // _units(gallery, layer)
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
            values = _values(gallery, layer, unit)
            return _ramp(values, 0, float(values.max()) or 1.0)


def _ramp(values: npt.NDArray[np.float32], low: float, high: float) -> tuple[npt.NDArray[np.uint16], Ramp]:
    colours = tuple(f"#{colour}" for colour in MAGMA.split())
    shares = np.clip((values - low) / (high - low), 0, 1)
    return np.round(255 * shares).astype(np.uint16), Ramp(colours, f"{low:.3g}", f"{high:.3g}")


def _kinds(numbers: npt.NDArray[np.int16], names: Sequence[str]) -> tuple[npt.NDArray[np.uint16], Sequence[Kind]]:
    """Every class that occurs, with a colour of its own."""
    present, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return places.astype(np.uint16), tuple(
        Kind(class_word(names[number]) if number >= 0 else t("map_none"), colour_of(i), int(count))
        for i, (number, count) in enumerate(zip(present, counts, strict=True))
    )


def colour_of(number: int) -> str:
    """A colour for the nth class; beyond those of `PALETTE` hues far apart in three lightnesses, which do come near others."""
    if number < len(PALETTE):
        return PALETTE[number]
    red, green, blue = colorsys.hls_to_rgb(
        (number * 0.381966) % 1, (0.5, 0.36, 0.68)[number % 3], (0.75, 0.7, 0.6)[number % 3]
    )
    return "#" + "".join(f"{round(255 * value):02x}" for value in (red, green, blue))


def _selection(gallery: Gallery, rows: npt.NDArray[np.int64]) -> None:
    if not len(rows):
        return
    st.markdown(f"**{t('map_selected', count=len(rows))}**")
    names, counts = np.unique([galleries.label(gallery, int(row)) for row in rows], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:20]
    st.html(count_bars([(str(names[i]), int(counts[i])) for i in order], t("map_counts")))
    table = [
        {t("column_class"): str(names[i]), t("column_images"): int(counts[i])}
        for i in np.argsort(-counts, kind="stable")
    ]
    csv_button(table, "map_counts")
    with st.container(horizontal=True):
        csv = export.to_csv(gallery, rows)
        st.download_button(t("map_csv"), csv, "selection.csv", "text/csv", key="map_csv", on_click="ignore")
        zipped = export.to_zip(gallery, rows)
        st.download_button(t("map_zip"), zipped, "selection.zip", "application/zip", key="map_zip", on_click="ignore")
    addresses = [
        (galleries.address(gallery, int(row)), galleries.label(gallery, int(row))) for row in rows[:MOST_SHOWN]
    ]
    if gallery.thumbnails is not None:
        st.html(galleries.tiles(addresses))
    else:
        st.caption(", ".join(plain(gallery.names[int(row)].rsplit("/", 1)[-1]) for row in rows[:MOST_SHOWN]))
    if len(rows) > MOST_SHOWN:
        st.caption(t("map_more_selected", count=MOST_SHOWN))
