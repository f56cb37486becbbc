"""What does the network see in this picture?"""

from __future__ import annotations

import base64
import io

import numpy as np
import streamlit as st
from PIL import Image

from app import state
from app.figures import BAR_COLOUR, top_bars
from app.text import t
from model.explorer import TenCrops, top
from model.layers import CROP_PX
from model.preprocess import TEN_CROP_OFFSETS

THUMBNAIL_PX = 64


def main() -> None:
    """Top-5 bars, from one crop or ten."""
    st.subheader(t("predict_title"))
    crops = {"one": t("predict_one"), "ten": t("predict_ten")}
    chosen = st.segmented_control(
        t("predict_crops"), crops, default="one", required=True, format_func=crops.__getitem__, key="crops",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    classes = state.explorer().info.classes
    seen = state.ten_crops() if chosen == "ten" else state.activations()
    best = seen.top(5)
    st.plotly_chart(
        top_bars(best), key="top5", config={"displayModeBar": False, "staticPlot": True},
        alt=t("predict_bars_alt", names=", ".join(one.name for one in best)),
    )  # fmt: skip
    st.caption(t(f"predict_{chosen}_caption", num_classes=len(classes)))
    if isinstance(seen, TenCrops):
        _votes(seen)
    with st.expander(t("predict_knows", num_classes=len(classes))):
        st.write(", ".join(name for _, name in classes))


def _votes(ten: TenCrops) -> None:
    st.markdown(f"**{t('predict_votes')}**")
    rows = []
    for i, probabilities in enumerate(ten.views):
        (row, column), mirror = TEN_CROP_OFFSETS[i // 2], i % 2 == 1
        first = top(probabilities, ten.classes, 1)[0]
        view = ten.square[row : row + CROP_PX, column : column + CROP_PX]
        place = t(f"place_{i // 2}")
        rows.append(
            {
                "view": _thumbnail(view[:, ::-1] if mirror else view),
                "class": first.name,
                "probability": first.probability,
                "place": t("mirrored", place=place) if mirror else place,
            }
        )
    columns = {
        "view": st.column_config.ImageColumn(t("predict_vote_view"), width="small"),
        "class": st.column_config.TextColumn(t("predict_vote_class")),
        "probability": st.column_config.ProgressColumn(t("predict_vote_probability"), format="%.2f", color=BAR_COLOUR),
        "place": st.column_config.TextColumn(t("predict_vote_place")),
    }
    st.dataframe(rows, column_config=columns, hide_index=True, row_height=THUMBNAIL_PX, height="content", key="votes")


def _thumbnail(view: np.ndarray) -> str:
    """A picture as a data URL."""
    file = io.BytesIO()
    Image.fromarray(view).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BILINEAR).save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


main()
