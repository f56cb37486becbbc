"""The explorer without a browser, as Streamlit's own tests run it: opened, and read."""

import io
from pathlib import Path

from PIL import Image
from streamlit.testing.v1 import AppTest

from model.gallery.build import build
from tests.toys import picture, write_class_folders

FRAME = str(Path(__file__).parents[2] / "app" / "frame.py")
PAGES = ("explore", "predict", "kernels", "neighbours", "model")


def open_page(app: AppTest, name: str) -> AppTest:
    app.switch_page(f"views/{name}.py")
    return app.run()


def errors(app: AppTest) -> list[str]:
    return [error.value for error in app.error]


def text(app: AppTest) -> str:
    return " ".join(str(element.value) for kind in (app.caption, app.markdown, app.info) for element in kind)


def photo(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(5)).save(file, kind)
    return file.getvalue()


def build_gallery(tmp_path: Path, name: str = "photos") -> None:
    write_class_folders(tmp_path, name, 4, 2)
    build(tmp_path / "toy" / "model.onnx", tmp_path / name, tmp_path / "galleries" / name)
