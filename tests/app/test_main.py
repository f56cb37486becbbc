"""The server around the pages: what a visitor sees of a failure that no page caught."""

import pytest
from streamlit.testing.v1 import AppTest

from app import main
from app.text import t


def fails() -> None:
    from app.main import say_it_failed

    assert say_it_failed(RuntimeError("secret"))


def test_a_failure_is_one_sentence_on_the_screen_and_all_of_it_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = AppTest.from_function(fails).run()
    assert [error.value for error in app.error] == [t("failed")]
    assert "RuntimeError: secret" in caplog.text
    assert main.app._on_script_error is main.say_it_failed
