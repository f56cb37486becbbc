"""The explorer's entry point, `streamlit run app/main.py`: page frame, navigation, warm-up."""

from __future__ import annotations

import gc
import logging
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from app import state
from app.picture_panel import picture_panel
from app.text import plain, t

PAGES = ("explore", "predict", "kernels", "neighbours", "model")
CSS = """
.stMainBlockContainer { padding: 2.5rem clamp(1rem, 3vw, 3rem) 3rem; }
@media (min-width: 640px) {
  .st-key-left { position: sticky; top: 3.5rem; max-height: calc(100vh - 4rem); overflow-y: auto; scrollbar-width: thin; }
}
.st-key-unit_panel { transition: opacity .15s; }
.st-key-unit_panel.other-unit { opacity: .3; }
"""


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Open the model and freeze what will stay, so that no later collection walks over it."""
    try:
        state.explorer()
    except ValueError:
        logging.getLogger(__name__).warning(t("no_model"))  # the page says so too
    gc.collect()
    gc.freeze()


def main() -> None:
    """Draw the page that the address names, beside the picture."""
    st.set_page_config(page_title=t("title"), layout="wide")
    st.html(f"<style>{CSS}</style>")
    warm_up()
    folder = Path(__file__).parent / "views"  # not "pages": Streamlit would serve a folder of that name by itself
    pages = [
        st.Page(folder / f"{name}.py", title=t(f"page_{name}"), url_path=name, default=name == PAGES[0])
        for name in PAGES
    ]
    page = st.navigation(pages, position="hidden")  # Streamlit's own hides behind a drawer on a telephone
    state.read_address(page.url_path)
    with st.container(horizontal=True, gap="small"):
        for link in pages:
            st.page_link(link)
    left, right = st.columns([1, 3.2], gap="large")
    draw_panel, draw_page = partial(_draw_panel, left), partial(_draw_page, right, page)
    # The bars come 40 ms earlier when the panel waits; a page that may take long must not keep it waiting
    for draw in (draw_page, draw_panel) if page.url_path == "" else (draw_panel, draw_page):
        draw()
    state.write_address(page.url_path)


def _draw_panel(place: DeltaGenerator) -> None:
    with place, st.container(key="left"):
        picture_panel()


def _draw_page(place: DeltaGenerator, page: StreamlitPage) -> None:
    with place:
        try:
            page.run()
        except ValueError as reason:  # what `model` says to the user
            st.error(plain(str(reason)))
        except Exception:
            logging.getLogger(__name__).exception("a page failed")
            st.error(t("failed"))


main()
