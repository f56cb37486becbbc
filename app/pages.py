"""The pages in their order: each a file of `app/views` and a path of the address; the first one answers to none."""

PAGES = ("explore", "predict", "kernels", "neighbours", "lessons", "model")
PATHS = ("", *PAGES[1:])
OPENS_ON = {"predict": "tiny200", "neighbours": "tiny200"}
"""The model that a page opens on, by path, where it is there and nobody has chosen one; others open on the first."""
