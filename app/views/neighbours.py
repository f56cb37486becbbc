"""Which pictures does the network find alike, and why?"""

from __future__ import annotations

import streamlit as st

from app import galleries
from app.codes_panel import codes_panel
from app.gallery_panel import gallery_panel
from app.map_panel import map_panel
from app.neighbours_panel import neighbours_panel
from app.shared_panel import shared_panel
from app.text import plain, said, t


def main() -> None:
    """The figure, the map, the reason, and the way to another gallery."""
    st.subheader(t("neighbours_title"))
    try:
        gallery = galleries.gallery()
    except ValueError as reason:
        st.error(plain(said(str(reason))))
        gallery = None
    else:
        if gallery is None:
            st.info(t("neighbours_none"))
    if gallery:
        query = galleries.query(gallery)
        # Each in one of its own: what moves up or down is new to the browser, and a map would be drawn anew. The map, which is
        # looked for first, comes first though it stands below.
        figure, why_near, on_map = st.container(), st.container(), st.container()
        with on_map:
            map_panel(gallery, query)
        with figure:
            neighbours_panel(gallery, query)
        with why_near:
            shared_panel(gallery, query)
        codes_panel()
    gallery_panel(gallery)


main()
