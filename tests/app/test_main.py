"""The server around the pages: what a visitor sees of a failure that no page caught."""

import asyncio
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urljoin

import pytest
from starlette.types import Message, Receive, Scope, Send
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


def test_what_stays_is_frozen_and_what_goes_is_collected_behind_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this order: the first model is measured, the other that pages open on is opened, all is frozen, visitors come, garbage is collected until the end."""
    done: list[str] = []
    mocked = SimpleNamespace(collect=lambda: done.append("collect"), freeze=lambda: done.append("freeze"))
    monkeypatch.setattr(main, "gc", mocked)
    monkeypatch.setattr(main, "COLLECT_SECONDS", 0.01)
    monkeypatch.setattr("app.answers.layer_times", lambda name: done.append(f"measure {name}"))
    monkeypatch.setattr("app.state.model_paths", lambda: {"first": Path(), "second": Path(), "tiny200": Path()})
    monkeypatch.setattr("app.state.explorer", lambda name: done.append(f"open {name}"))

    async def live() -> int:
        async with main.lifespan(main.app):
            done.append("serve")
            while done[-1] == "serve":
                await asyncio.sleep(0.01)
        ended = len(done)
        await asyncio.sleep(0.05)
        return ended

    with ThreadPoolExecutor(1) as own_thread:  # Playwright's loop may be running in this one
        ended = own_thread.submit(lambda: asyncio.run(live())).result()
    assert done[:6] == ["measure first", "open tiny200", "collect", "freeze", "serve", "collect"]
    assert len(done) == ended
    assert main.app._user_lifespan is main.lifespan


def test_what_streamlit_is_told() -> None:
    """No collection after every rerun, no traceback on the screen, nothing sent to anybody."""
    told = tomllib.loads((Path(main.__file__).parents[1] / ".streamlit" / "config.toml").read_text())
    assert told["runner"]["postScriptGC"] is False
    assert told["client"]["showErrorDetails"] == "none"
    assert told["browser"]["gatherUsageStats"] is False
    assert "enableXsrfProtection" not in told["server"]  # which leaves it on
    assert "enableCORS" not in told["server"]


async def served(scope: Scope, receive: Receive, send: Send) -> None:
    """A server that has whatever it is asked for."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


def answer(address: str, accept: str = "text/html,*/*;q=0.8") -> tuple[int, str]:
    """Status and new address, if any, of a browser's request."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": [(b"accept", accept.encode())],
    }  # fmt: skip
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    with pytest.raises(StopIteration):  # it waits for nothing; a loop may be running already, Playwright's
        main.NoSuchPage(served)(scope, receive, send).send(None)
    return said[0]["status"], dict(said[0]["headers"]).get(b"location", b"").decode()


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("/nonsense?lang=zh&layer=conv3", "/?lang=zh&layer=conv3"),
        ("/explore", "/"),
        ("/kernels/3", "/"),
        ("/a/b/", "/"),
    ],
)
def test_an_unknown_address_leads_to_the_first_page(address: str, home: str) -> None:
    status, location = answer(address)
    assert status == 307
    assert urljoin(f"http://here{address}", location) == f"http://here{home}"


@pytest.mark.parametrize("path", ["/", "/kernels", "/kernels/", "/favicon.png", "/_stcore/health", "/gallery/x/3.webp"])
def test_what_there_is_is_served(path: str) -> None:
    assert answer(path) == (200, "")


def test_only_visits_are_led() -> None:
    assert answer("/nonsense", accept="*/*") == (200, "")


def test_the_explorers_root_may_be_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.get_option", lambda _: "/lab/")
    assert answer("/lab/kernels") == answer("/lab/") == (200, "")
    assert answer("/lab/nonsense") == (307, "./")
