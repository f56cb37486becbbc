"""What does the network see in this picture, why, and how firmly?"""

from __future__ import annotations

import streamlit as st

from app import answers, state
from app.beside_panel import beside_panel
from app.edits_panel import edits_panel
from app.ten_crops_panel import ten_crops_panel
from app.text import class_word, plain, t
from app.top_five import top_five
from app.why_panel import why_panel

CSS = ".st-key-occlusion_stale { opacity: .4; } .st-key-why_panel { scroll-margin-top: 4rem; outline: none; }"


def main() -> None:
    """Top-5, where it comes from, what changes it, ten crops, and a second model."""
    st.html(f"<style>{CSS}</style>")
    st.subheader(t("predict_title"))
    classes = state.explorer().info.classes
    seen = answers.activations()
    top_five()
    why_panel(seen)
    edits_panel(seen)
    ten_crops_panel(seen)
    beside_panel()
    with st.expander(t("predict_knows", num_classes=len(classes))):
        st.write(plain(", ".join(sorted((class_word(name) for _, name in classes), key=str.casefold))))


main()
