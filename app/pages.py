"""The pages in their order: each a file of `app/views` and a path of the address; the first one answers to none."""

PAGES = ("explore", "predict", "kernels", "neighbours", "lessons", "model")
PATHS = ("", *PAGES[1:])
