"""Downloads from a server that drops connections, ignores ranges, changes its file, or has none."""

import hashlib
import random
import socket
from pathlib import Path

import pytest

from model import download
from model.download import Checksum
from tests.training.server import Site, serve

DATA = random.Random(0).randbytes(1_000_000)
SHA256 = Checksum("sha256", hashlib.sha256(DATA).hexdigest())


class Waits(list[float]):
    """Remembers what it was to wait."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def get(site: Site, path: Path, checksum: Checksum = SHA256) -> Waits:
    waits = Waits()
    download.download(site.address, path, checksum, sleep=waits)
    assert not list(path.parent.glob("*.partial*"))
    return waits


def ranges(site: Site) -> list[str | None]:
    return [request.get("Range") for request in site.requests]


def test_whole_file(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with serve(Site(DATA)) as site:
        download.download(site.address, tmp_path / "new" / "file", SHA256, lambda *args: seen.append(args))
    assert (tmp_path / "new" / "file").read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert ranges(site) == [None]


@pytest.mark.parametrize(("etag", "date"), [('"one"', ""), ("", "Mon, 23 Nov 2026 10:00:00 GMT"), ("", "")])
def test_goes_on_where_it_was_dropped(tmp_path: Path, etag: str, date: str) -> None:
    """By ETag, by date, and without either: then the checksum alone tells that the parts belong together."""
    with serve(Site(DATA, etag, date, drops=[300_000, 1, 500_000])) as site:
        waits = get(site, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA
    assert ranges(site) == [None, "bytes=300000-", "bytes=300001-", "bytes=800001-"]
    assert {request.get("If-Range", "") for request in site.requests[1:]} == {etag or date}
    assert waits == [1, 1, 1]  # every try brought something


def test_goes_on_in_another_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_TRIES", 1)
    with serve(Site(DATA, drops=[400_000])) as site:
        with pytest.raises(ValueError, match=r"400,000 bytes are kept; the same command goes on from there\."):
            get(site, tmp_path / "file")
        assert not (tmp_path / "file").exists()
        get(site, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA
    assert ranges(site) == [None, "bytes=400000-"]


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C keeps what has come, and so does a crash between the last byte and the checksum."""

    def interrupt(done: int, total: int | None) -> None:
        if done in (download.CHUNK_BYTES, len(DATA)):
            raise KeyboardInterrupt

    with serve(Site(DATA)) as site:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                download.download(site.address, tmp_path / "file", SHA256, interrupt)
        get(site, tmp_path / "file")
    assert ranges(site) == [None, f"bytes={download.CHUNK_BYTES}-"]
    assert (tmp_path / "file").read_bytes() == DATA


def test_server_without_ranges_starts_over(tmp_path: Path) -> None:
    with serve(Site(DATA, ranges=False, drops=[300_000, 600_000])) as site:
        get(site, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


def test_server_without_ranges_is_not_tried_for_ever(tmp_path: Path) -> None:
    with (
        serve(Site(DATA, ranges=False, drops=[300_000] * 99)) as site,
        pytest.raises(ValueError, match="6 times in a row"),
    ):
        get(site, tmp_path / "file")
    assert len(site.requests) == 6


@pytest.mark.parametrize("if_range", [True, False])
def test_changed_file_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, if_range: bool) -> None:
    """Whether the server sees that the part is of another file, or we have to."""
    monkeypatch.setattr(download, "MAX_TRIES", 1)
    with serve(Site(DATA[::-1], drops=[400_000])) as site:
        with pytest.raises(ValueError, match="are kept"):
            get(site, tmp_path / "file")
        monkeypatch.undo()
        site.data, site.etag, site.if_range = DATA, '"two"', if_range
        get(site, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


def test_shorter_file_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_TRIES", 1)
    with serve(Site(DATA + DATA, etag="", drops=[1_500_000])) as site:
        with pytest.raises(ValueError, match="are kept"):
            get(site, tmp_path / "file")
        monkeypatch.undo()
        site.data = DATA
        get(site, tmp_path / "file")
    assert ranges(site) == [None, "bytes=1500000-", None]


def test_part_of_unknown_origin_starts_over(tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(b"x" * 1000)
    with serve(Site(DATA)) as site:
        get(site, tmp_path / "file")
    assert ranges(site) == [None]


def test_wrong_checksum_keeps_nothing(tmp_path: Path) -> None:
    with serve(Site(DATA[:-1] + b"x")) as site:
        with pytest.raises(ValueError, match=f"where {SHA256.digest} is published, so it was deleted"):
            get(site, tmp_path / "file")
        assert not list(tmp_path.iterdir())


def test_without_length(tmp_path: Path) -> None:
    """Nothing but the checksum says that the file is cut short."""
    with serve(Site(DATA, length=False, drops=[500_000])) as site:
        with pytest.raises(ValueError, match="is published, so it was deleted"):
            get(site, tmp_path / "file")
        get(site, tmp_path / "file", Checksum("md5", hashlib.md5(DATA).hexdigest()))


def test_missing_file_is_not_tried_again(tmp_path: Path) -> None:
    with (
        serve(Site(DATA, errors=[404])) as site,
        pytest.raises(ValueError, match="answers 404 Not Found; give another"),
    ):
        get(site, tmp_path / "file")
    assert len(site.requests) == 1


def test_busy_server_is_tried_again(tmp_path: Path) -> None:
    told: list[str] = []
    waits = Waits()
    with serve(Site(DATA, errors=[503, 429, 500])) as site:
        download.download(site.address, tmp_path / "file", SHA256, tell=told.append, sleep=waits)
    assert waits == [1, 2, 4]
    assert told[1] == "the server answers 429 Too Many Requests; try 3 of 6 in 2 s"


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    waits = Waits()
    with pytest.raises(ValueError, match=r"failed 6 times in a row, last: Connection.*0 bytes are kept"):
        download.download(f"http://127.0.0.1:{port}/file", tmp_path / "file", SHA256, sleep=waits)
    assert waits == [1, 2, 4, 8, 16]


def test_silent_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(ValueError, match="timed out"):
            download.download(address, tmp_path / "file", SHA256, sleep=Waits())


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with serve(Site(DATA)) as site, pytest.raises(ValueError, match=r"0\.00 GB free; make room"):
        get(site, tmp_path / "file")


def test_only_http(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no http or https address"):
        download.download("file:///etc/hostname", tmp_path / "file", SHA256)
