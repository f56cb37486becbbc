"""Every sentence that the code asks for is there, and none is left over."""

import ast
import re
from pathlib import Path

from app.text import plain, t, table

APP = Path(__file__).parents[2] / "app"
COMPOSED = {
    "page_",
    "source_",
    "sample_",
    "place_",
    "atlas_",
    "unit_tab_",
    "why_",
    "cam_",
    "space_",
    "map_",
    "gallery_stage_",
    "import_",
    "lesson_",
    "lessons_step_",
    "link_",
    "take_",
}  # asked for by the name of a thing


def asked_for() -> set[str]:
    """The keys, literal or in a choice between literals, of every call of t; other strings that are keys count too."""
    found = set()
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def calls() -> set[str]:
    found = set()
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("t", "template"):
                key = node.args[0]
                if isinstance(key, ast.Constant):
                    found.add(str(key.value))
    return found


def test_every_key_exists() -> None:
    assert calls() - set(table("en")) == set()


def test_no_sentence_is_left_over() -> None:
    asked = asked_for()
    spare = {key for key in table("en") if key not in asked and not key.startswith(tuple(COMPOSED))}
    assert spare == set()


def test_places_are_filled() -> None:
    assert t("unit_title", name="conv1", number=17, gpu=1) == "conv1 unit 17 on GPU1"


def test_other_peoples_words_stay_as_they_are() -> None:
    assert plain("a_b*c [x](y) :cat: $1$.png") == r"a\_b\*c \[x\](y) \:cat\: \$1\$.png"


SHOWING = {
    "alert", "button", "camera_input", "caption", "code", "download_button", "error", "expander", "file_uploader", "header",
    "info", "markdown", "metric", "number_input", "page_link", "pills", "popover", "progress", "radio", "segmented_control",
    "select_slider", "selectbox", "slider", "spinner", "subheader", "success", "text", "text_area", "text_input", "title",
    "toggle", "warning", "write",
}  # fmt: skip
NAMES = {"GPU"}  # the same in every language


def test_no_sentence_is_in_code() -> None:
    """What Streamlit shows comes from the files of text; single letters and numbers may stand in code."""
    found = []
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHOWING:
                for shown in node.args[:1]:
                    parts = shown.values if isinstance(shown, ast.JoinedStr) else [shown]
                    words = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
                    found += [
                        (file.name, word) for word in words if set(re.findall("[A-Za-z]{4,}|[A-Z]{2,}", word)) - NAMES
                    ]
    assert found == []


def test_no_sentence_is_in_scripts() -> None:
    """The browser's words come with the data."""
    found = []
    for file in APP.rglob("*.js"):
        code = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
        found += [(file.name, word) for word in re.findall(r"[\"'`]([A-Z][a-z]+ [a-z]+[^\"'`]*)[\"'`]", code)]
    assert found == []
