"""Every sentence that the code asks for is there, and none is left over."""

import ast
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
    "space_",
    "map_",
    "gallery_stage_",
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
