"""Every sentence that the code asks for is there, and none is left over."""

import ast
import re
from pathlib import Path

import pytest

from app.text import plain, t, table

APP = Path(__file__).parents[2] / "app"
COMPOSED = {
    "page_",
    "source_",
    "sample_",
    "place_",
    "atlas_",
    "colour_scale_",
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
WORDY = {
    "alt",
    "caption",
    "help",
    "label",
    "placeholder",
    "text",
    "title",
}  # keywords of any call that end on the screen
PLOTTED = {"hovertemplate", "name", "title_text"}  # and of plotly's
NAMES = {"GPU", "ReLU", "log", "tanh"}  # the same in every language


def test_no_sentence_is_in_code() -> None:
    """What Streamlit and plotly show comes from the files of text; single letters and numbers may stand in code."""
    found = []
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found += [(file.name, word) for shown in shown_by(node) for word in words_in(shown)]
    assert found == []


def shown_by(call: ast.Call) -> list[ast.expr]:
    """What of a call's arguments ends on the screen."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    plots = ast.unparse(call.func).startswith("go.") or function.startswith(("add_", "update_"))
    asked = WORDY | PLOTTED if plots else WORDY
    shown = [one.value for one in call.keywords if one.arg in asked or (one.arg or "").endswith("_title")]
    axes = call.args[2:] if function in ("bare", "lines") else []
    return [*shown, *(call.args[:1] if function in SHOWING else []), *axes]


def words_in(shown: ast.expr) -> list[str]:
    """Literal words of a string, of one with places to fill, of a tuple of these, or of a choice between them."""
    match shown:
        case ast.Constant(value=str(text)):
            bare = re.sub(r"<.*?>|%?\{.*?\}", "", text)
            return [text] if set(re.findall("[A-Za-z]{3,}|[A-Z]{2,}", bare)) - NAMES else []
        case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [word for part in parts for word in words_in(part)]
        case ast.IfExp(body=one, orelse=other):
            return words_in(one) + words_in(other)
        case ast.Dict(values=values):
            return [word for value in values for word in words_in(value)]
        case _:
            return []


@pytest.mark.parametrize(
    "code",
    ['st.toggle(t("a"), help="Turns it on")', 'st.text_input(label="Your name")', 'go.Bar(x=x, name="Kernels")',
     'figure.update_xaxes(title="Orientation")', 'bare(figure, 280, "Epoch", t("b"))', 'st.write("Yes it is" if x else t("c"))',
     'figure.update_layout(title={"text": "Errors"})'],
)  # fmt: skip
def test_it_would_find_one(code: str) -> None:
    call = next(node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    assert [word for shown in shown_by(call) for word in words_in(shown)]


def test_no_sentence_is_in_scripts() -> None:
    """The browser's words come with the data."""
    found = []
    for file in APP.rglob("*.js"):
        code = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
        found += [(file.name, word) for word in re.findall(r"[\"'`]([A-Z][a-z]+ [a-z]+[^\"'`]*)[\"'`]", code)]
    assert found == []
