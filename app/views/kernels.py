"""What did the first layer learn to look for, on each GPU?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from app import answers, card, kernel_figures, state
from app.components.kernel_atlas import Sort, kernel_atlas
from app.components.story import key_of, story
from app.components.take_away import of_unit
from app.figures import enlarged, greys, kernel_pictures
from app.kernel_bench import bench
from app.kernel_spreads import distributions, marked_kernels, share, spreads_of
from app.lesion_panel import lesion_slider
from app.text import plain, said, t
from model import gabors
from model.explorer import Explorer
from model.history import History
from model.kernels import Gabor, colour_selectivity, strongest_axis
from model.layers import Layer

SORTS = ("", "colour", "orientation", "frequency", "r2")  # in the order of `_sorts`


@st.cache_resource(max_entries=8, show_spinner=False)
def _measure(path: str, changed_ns: int, _explorer: Explorer) -> tuple[npt.NDArray[np.float64], list[Gabor]]:
    """Colour selectivity and Gabor fit of every kernel."""
    kernels = _explorer.weights["conv1.weight"]
    return colour_selectivity(kernels), gabors.of(path, kernels)


def main() -> None:
    """Figure 3, one kernel of it, the GPUs compared, and a bench of gratings."""
    st.subheader(t("kernels_title"))
    explorer = state.explorer()
    layer, path = explorer.config.layer["conv1"], state.model_path()
    kernels = explorer.weights["conv1.weight"]
    about = t("kernels_caption", units=layer.units, size=layer.window_px)
    st.caption(f"{about} {t('kernels_caption_towers')}" if layer.towers == 2 else about)
    choices = {"global": t("kernels_global"), "each": t("kernels_each")}
    contrast = st.segmented_control(
        t("kernels_contrast"), choices, default="global", required=True, format_func=choices.__getitem__,
        key="kernel_contrast", help=t("kernels_global_help"), persist_state="session",
    )  # fmt: skip
    pictures = kernel_pictures(kernels, each=contrast == "each")
    with st.spinner(t("kernels_fitting")):
        selectivity, fits = _measure(str(path), path.stat().st_mtime_ns, explorer)
    chosen = state.view().kernel % layer.units
    moments = _history(kernels.shape, explorer.class_ids)
    spreads = spreads_of(selectivity, fits)
    marked = marked_kernels(layer, spreads)
    kernel_atlas(
        layer, pictures, sorts=_sorts(selectivity, fits), tips=[*map(_tip, range(layer.units), selectivity, fits)],
        each=contrast == "each", selected=chosen, marked=marked, story=key_of(moments, str(path)) if moments else "",
        key="kernel_atlas", sort=SORTS.index(_sort()), on_choice=_take,
    )  # fmt: skip
    if moments and len(moments.epochs) > 1:
        story(moments, str(path), [name for _, name in explorer.info.classes])
    if marked:
        st.caption(t("kernels_marked", count=len(marked), numbers=", ".join(str(kernel + 1) for kernel in marked)))
    st.caption(f"{t('kernels_atlas_caption')} {_kept(moments)}")
    _kernel(layer, chosen, pictures[chosen], float(selectivity[chosen]), fits[chosen])
    distributions(layer, spreads)
    bench(explorer, chosen, _choose)


def _choose(kernel: int) -> None:
    state.change(kernel=kernel)


def _kept(moments: History | None) -> str:
    """What is kept of the training."""
    if not moments:
        return t("kernels_no_history")
    if not moments.pictures:
        return t("kernels_history_caption")
    return t("kernels_story_caption", count=len(moments.pictures.labels))


def _sort() -> str:
    """What the kernels are ordered by."""
    return state.view().sort if state.view().sort in SORTS else ""


def _take(kernel: int, sort: int) -> None:
    state.change(kernel=kernel, sort=SORTS[sort])


def _history(shape: tuple[int, ...], class_ids: Sequence[str]) -> History | None:
    """The history beside the model, if there is one of a network like this; a broken one is a sentence."""
    path = state.model_path().parent / "history.npz"
    if not path.exists():
        return None
    try:
        found = card.history_in(path)
    except ValueError as reason:
        st.error(plain(said(str(reason))))
        return None
    others = found.pictures and found.pictures.class_ids != tuple(class_ids)
    if found.kernels(-1).shape != shape or others:
        st.error(t("kernels_other_history"))
        return None
    return found


def _sorts(selectivity: npt.NDArray[np.float64], fits: list[Gabor]) -> list[Sort]:
    def sort(label: str, values: Any, texts: Any, sure: Any) -> Sort:
        return Sort(label=label, values=[*map(float, values)], texts=[*texts], sure=[*sure])

    turned = [fit.has_orientation for fit in fits]
    barred = [fit.has_frequency for fit in fits]
    return [
        Sort(label=t("kernels_as_learned")),
        sort(t("kernels_colour"), selectivity, map(share, selectivity), [True] * len(fits)),
        sort(t("kernels_orientation"), [round(fit.orientation) % 180 for fit in fits], map(_orientation, fits), turned),
        sort(t("kernels_frequency"), [fit.frequency for fit in fits], map(_frequency, fits), barred),
        sort(t("kernels_r2"), [-fit.r2 for fit in fits], (share(fit.r2) for fit in fits), [f.is_good for f in fits]),
    ]


def _orientation(fit: Gabor) -> str:
    return f"{round(fit.orientation) % 180}°" if fit.has_orientation else "–"


def _frequency(fit: Gabor) -> str:
    return share(fit.frequency) if fit.has_frequency else "–"


def _tip(kernel: int, selectivity: float, fit: Gabor) -> str:
    facts = {"colour": share(selectivity), "orientation": _orientation(fit), "frequency": _frequency(fit)}
    return t("kernels_tip", number=kernel + 1, r2=share(fit.r2), **facts)


def _kernel(layer: Layer, number: int, picture: npt.NDArray[np.uint8], selectivity: float, fit: Gabor) -> None:
    explorer = state.explorer()
    weights = explorer.weights["conv1.weight"][number]
    gpu = int(number >= layer.tower_units(0).stop) + 1
    title = "kernel_title" if layer.towers == 2 else "kernel_title_one_tower"
    st.markdown(f"#### {t(title, number=number + 1, gpu=gpu)}")
    st.write(_numbers(selectivity, fit))
    with of_unit("conv1", number):
        kernel_side, fit_side, map_side = st.columns([3, 6, 3])
    with kernel_side:
        alt = t("kernel_alt", number=number + 1)
        st.image(enlarged(picture, 440), output_format="PNG", width="stretch", alt=alt)
        bias = float(explorer.weights["conv1.bias"][number])
        facts = {"count": weights.size, "low": float(weights.min()), "high": float(weights.max()), "bias": bias}
        st.caption(t("kernel_caption", **facts))
    with fit_side:
        axis, along = strongest_axis(weights)
        both = enlarged(kernel_figures.fit_picture(fit, along), 880)
        st.image(both, output_format="PNG", width="stretch", alt=t("kernel_fit_alt", number=number + 1))
        red, green, blue = (float(value) for value in axis)
        st.caption(t("kernel_fit_caption", red=red, green=green, blue=blue))
    with map_side, of_unit("conv1", number, of_picture=True):
        pixels, _, _ = greys(answers.activations()["conv1"][number][None])
        alt = t("unit_map_alt", name="conv1", number=number + 1)
        st.image(enlarged(pixels[0], 440), output_format="PNG", width="stretch", alt=alt)
        st.caption(t("kernel_map_caption"))
    lesion_slider(f"conv1.{number + 1}", t("kernel_mute", number=number + 1), key="kernel_lesion")


def _numbers(selectivity: float, fit: Gabor) -> str:
    """The kernel's numbers in sentences; what a poor fit says of bars is left out, with the reason."""
    sentences = [t("kernel_selectivity", share=share(selectivity)), t("kernel_r2", r2=share(fit.r2))]
    if not fit.is_good:
        sentences.append(t("kernel_poor_fit"))
    elif not fit.has_orientation:
        sentences.append(t("kernel_blob"))
    elif not fit.has_frequency:
        sentences.append(t("kernel_edge", orientation=_orientation(fit)))
    else:
        facts = {"frequency": _frequency(fit), "cycles": fit.cycles_per_kernel}
        sentences.append(t("kernel_bars", orientation=_orientation(fit), **facts))
    return " ".join(sentences)


main()
