"""Which pictures does the network find alike?"""

from __future__ import annotations

import time

import streamlit as st

from app import answers, state
from app.figures import MARGIN
from app.text import plain, t
from model.gallery import Gallery, build

THUMBNAIL_PX = 101  # seven fit the page at 1280 pixels


def main() -> None:
    """The six nearest pictures of a gallery, and the way to one."""
    st.subheader(t("neighbours_title"))
    st.caption(t("neighbours_caption", units=state.explorer().config.layer["fc7"].units))
    built = state.gallery()
    if built and state.gallery_fits():
        _nearest(*built[:2])
    elif built:
        st.info(t("neighbours_other_model"))
    else:
        st.info(t("neighbours_none"))
    _form()


def _form() -> None:
    with st.form("gallery_form"):
        st.caption(t("neighbours_how"))
        path = st.text_input(
            t("neighbours_path"), placeholder=t("neighbours_path_hint"), key="gallery_path", persist_state="session"
        )
        limit = st.number_input(
            t("neighbours_limit"),
            min_value=6,
            max_value=20_000,
            value=1000,
            step=100,
            key="gallery_limit",
            persist_state="session",
        )
        if not st.form_submit_button(t("neighbours_build"), key="gallery_build"):
            return
    if not path.strip():
        st.error(t("neighbours_no_path"))
        return
    bar, start = st.progress(0.0), time.monotonic()

    def progress(done: int, total: int) -> None:
        left = (time.monotonic() - start) / done * (total - done)
        bar.progress(done / total, t("neighbours_progress", done=done, total=total, left=left))

    try:
        gallery = build(state.explorer(), path.strip(), int(limit), progress)
    except (ValueError, OSError) as reason:
        bar.empty()
        st.error(plain(str(reason)))
        return
    state.keep_gallery(gallery, path.strip())
    st.rerun()


def _nearest(gallery: Gallery, path: str) -> None:
    st.markdown(f"**{t('neighbours_of', count=len(gallery.names), path=plain(path))}**")
    found = gallery.nearest(answers.activations().features, 6)
    with st.container(horizontal=True, gap="small"):  # wraps on a narrow screen
        with st.container(width=THUMBNAIL_PX):
            crop = state.picture().square[MARGIN:-MARGIN, MARGIN:-MARGIN]
            st.image(crop, output_format="PNG", width=THUMBNAIL_PX, alt=t("neighbours_yours"))
            st.caption(t("neighbours_yours"))
        for number, one in enumerate(found, 1):
            with st.container(width=THUMBNAIL_PX):
                alt = t("neighbours_alt", number=number, label=one.label)
                st.image(gallery.thumbnails[one.index], width=THUMBNAIL_PX, alt=alt)
                name = one.label or one.name.rsplit("/", 1)[-1]
                st.caption(f"{plain(name)}  \n{t('neighbours_distance', distance=one.distance)}")
    if gallery.rejected:
        with st.expander(t("neighbours_rejected", count=len(gallery.rejected))):
            st.dataframe(
                [{"": name, " ": reason} for name, reason in gallery.rejected], key="rejected", hide_index=True
            )


main()
