"""Both languages are complete, with the same places to fill; what model/ says has a translation."""

import ast
import re
import string
from pathlib import Path

from app.text import FOLDER, _class_words, _read, class_word, said, speaking, t, table
from model import onnx_file
from model.class_names import thousand_classes
from tests.test_shipped_model import both

ROOT = Path(__file__).parents[2]
SPEAKING = [
    "model/preprocess.py",
    "model/onnx_file.py",
    "model/history.py",
    "model/picture_set.py",
    "model/gallery/*.py",
    "model/convert.py",
    "model/torchvision_weights.py",
    "model/caffemodel.py",
    "model/imported.py",
    "model/download.py",
]
TO_DEVELOPERS = {  # nothing on the screen leads to them
    "A crop begins in row and column 0 to {0}; not in {1}, {2}.",
    "The network has {0} classes, but {1} are named.",
    "{0} has to have shape {1}; found {2}.",
    "Features of shape {0}; this encoder reads (n, {1}).",
}


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_keys() -> None:
    assert set(table("zh")) == set(table("en"))


def test_the_same_places_are_filled() -> None:
    assert [key for key, words in table("en").items() if places(table("zh")[key]) != places(words)] == []


def test_sentences_are_translated() -> None:
    """Those of a word or more; names, signs and formulas may be the same."""
    same = {key for key, words in table("en").items() if table("zh")[key] == words}
    assert same == {
        "cam_title", "lesions_item", "window_exponential", "lesson_relu_at", "lesson_results_2010", "lesson_results_2012", "lesson_update_top1", "lesson_update_top5", "map_less", "map_more",
        "neighbours_distance", "net_traffic", "space_fc6_short", "space_fc7_short", "space_pool5_short", "window_relu",
        "window_tanh", "gallery_path_hint",
    }  # fmt: skip


def raised() -> set[str]:
    """Every sentence that those modules raise, its places numbered."""
    found = set()
    for pattern in SPEAKING:
        for file in ROOT.glob(pattern):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    if getattr(node.exc.func, "id", "") not in ("ValueError", "_Refused"):
                        continue
                    shown, number = node.exc.args[0], 0
                    if isinstance(shown, ast.Constant):
                        found.add(str(shown.value))
                    elif isinstance(shown, ast.JoinedStr):
                        words = ""
                        for part in shown.values:
                            words += str(part.value) if isinstance(part, ast.Constant) else f"{{{number}}}"
                            number += not isinstance(part, ast.Constant)
                        found.add(words)
    return found


def test_what_the_model_says_is_translated() -> None:
    assert len(raised()) > 40
    assert raised() - TO_DEVELOPERS - set(_read("zh_said.toml")) == set()


def test_said() -> None:
    sentence = "The picture has 9,000 x 9,000 pixels; scale it down to 40 megapixels at most."
    assert said(sentence) == sentence
    with speaking("zh"):
        assert said(sentence) == "图片有 9,000 x 9,000 像素；请先缩小到 40 百万像素以内。"
        assert said("Something else.") == "Something else."
        assert t("page_kernels") == "卷积核"
        assert class_word("church") == "教堂"
        assert class_word("no class of ours") == "no class of ours"
    assert t("page_kernels") == "Kernels"
    assert class_word("church") == "church"


def test_all_thousand_classes_have_words_of_their_own() -> None:
    words = _read("zh_classes.toml")
    assert list(words) == [class_id for class_id, _ in thousand_classes()]
    assert len(set(words.values())) == 1000
    assert [word for word in words.values() if not re.search(r"[\u4e00-\u9fff]", word)] == ["iPod"]
    with speaking("zh"):
        assert [class_word(name) for name in ("tench", "crane", "toilet tissue")] == ["丁鱥", "鹤 / 起重机", "卫生纸"]


@both
def test_every_class_of_a_shipped_model_has_a_word(model: Path) -> None:
    names = {name for _, name in onnx_file.read(model)[0].classes}
    assert names - set(_class_words("zh")) == set()


def test_files_are_there() -> None:
    assert {path.name for path in FOLDER.glob("zh*.toml")} == {
        "zh.toml", "zh_lessons.toml", "zh_said.toml", "zh_classes.toml",
    }  # fmt: skip
