"""The server opens no connection to anywhere else while pages are opened."""

import socket
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.frame import FRAME, PAGES, errors, open_page
from tests.toys import write_toy

HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0", None}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is asked for beyond this machine; refused besides."""
    found: list[object] = []

    def watched(real: Any, host_of: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if host_of(*arguments) not in HERE:
                found.append(arguments)
                raise OSError("no way out of here")
            return real(*arguments, **options)

        return call

    def host(_: socket.socket, address: Any) -> Any:
        return address[0] if isinstance(address, tuple) else None  # a path is a socket of this machine

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, watched(getattr(socket.socket, name), host))
    monkeypatch.setattr(socket, "getaddrinfo", watched(socket.getaddrinfo, lambda name, *_: name))
    return found


def test_pages_ask_nobody_else(asked: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy").mkdir()
    write_toy(tmp_path / "toy" / "model.onnx")
    monkeypatch.setenv("ALEXNET_MODEL", str(tmp_path / "toy" / "model.onnx"))
    monkeypatch.setenv("ALEXNET_GALLERIES", str(tmp_path / "galleries"))
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    for page in (*PAGES, "lessons"):
        open_page(app, page)
        assert not app.exception
        assert errors(app) == []
    assert asked == []


@pytest.mark.parametrize("address", ["https://example.org/x", "http://192.0.2.1/"])
def test_it_would_find_one(asked: list[object], address: str) -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=2)
    assert len(asked) == 1
