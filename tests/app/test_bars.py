"""Bars say the numbers they are as long as."""

import re

from app.bars import top_bars
from model.explorer import Prediction


def widths(html: str, kind: str) -> list[str]:
    return re.findall(rf'class="{kind}" style="(?:width|left): ([\d.]+)%"', html)


def test_bars_are_as_long_as_probabilities() -> None:
    html = top_bars([Prediction("n1", "tench", 0.75), Prediction("n2", "dingo", 0.001)], label="Top five: tench, dingo")
    assert widths(html, "now") == ["75.00", "0.10"]
    assert widths(html, "was") == []
    assert re.findall(r'class="name">([^<]*)<', html) == ["tench", "dingo"]
    assert re.findall(r'class="value">([^<]+)</span>', html) == [".75", "&lt;.01"]
    assert 'role="img" aria-label="Top five: tench, dingo"' in html


def test_the_intact_network_is_an_outline_and_no_line_crosses_a_number() -> None:
    html = top_bars([Prediction("n1", "tench", 0.25)], [Prediction("n1", "tench", 0.5)])
    assert (widths(html, "now"), widths(html, "was"), widths(html, "end")) == (["25.00"], ["50.00"], ["50.00"])


def test_a_class_name_is_text() -> None:
    assert "<b>" not in top_bars([Prediction("n1", "<b>", 1.0)], label='"<b>')


def test_both_numbers_are_printed() -> None:
    html = top_bars([Prediction("n1", "tench", 0.41)], [Prediction("n1", "tench", 0.62)], both="bars_intact")
    assert "intact .62, now .41</span>" in html
    assert 'class="bars two"' in html


def test_every_bar_can_be_asked_why() -> None:
    html = top_bars([Prediction("n1", "<tench>", 0.75)], label="Top five", why={"model": 'a"b'})
    assert 'role="group" aria-label="Top five"' in html
    assert (
        'aria-label="Why? Show where &lt;tench&gt; comes from" data-why="n1" data-model="a&quot;b">Why?</button>'
        in html
    )
    assert "<button" not in top_bars([Prediction("n1", "tench", 0.75)])
