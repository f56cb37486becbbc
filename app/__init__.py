"""The explorer: Streamlit pages over `model`. Nothing here imports torch."""
