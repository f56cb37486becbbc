"""One file over HTTP, however often the connection drops: resumed where it broke off, checked, then put in place.

While it is on its way it is PATH.partial, and PATH.partial.json says what that is part of: how many bytes, and which
version of the file on the server (its ETag or Last-Modified). A file that changed meanwhile starts over.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 30.0  # without a byte
MAX_TRIES = 6  # in a row that bring nothing new
WAIT_SECONDS = 1.0  # before the second try; doubled for each one after it
TRANSIENT = {408, 425, 429}  # and all from 500 up: the server may answer better later


@dataclass(frozen=True)
class Checksum:
    """What a file's bytes must hash to."""

    algorithm: str
    """"sha256", "sha1" or "md5"."""
    digest: str
    """Lower-case hex: the whole, or its beginning, which is all that the name of a torch.hub file has of it."""

    def of(self, path: Path) -> str:
        """The same checksum of a file, as lower-case hex."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, self.algorithm).hexdigest()


@dataclass(frozen=True)
class _Stamp:
    version: str
    """What If-Range can name, or nothing."""
    num_bytes: int | None
    """Of the whole file, where the server says."""


class _Dropped(Exception):
    """The transfer broke off in a way that another try may mend; says how."""


def download(
    address: str,
    path: Path,
    checksum: Checksum,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda sentence: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Download `address` to `path`, which exists only once its checksum is right.

    Parameters
    ----------
    progress : callable
        Told the bytes that are here, and of the whole file where the server says.
    tell : callable
        Told why a try failed, and that there will be another.
    sleep : callable
        Waits a number of seconds between tries.

    Raises
    ------
    ValueError
        When the server has no such file, the connection fails `MAX_TRIES` times in a row, the disk is too small or the
        checksum is wrong. What came so far is kept for the next call, unless its checksum is wrong.
    """
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address} is no http or https address; give the file's full --address.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    most = _size(partial)
    failed = 0
    while True:
        try:
            _transfer(address, partial, progress)
            break
        except _Dropped as reason:
            failed = 1 if _size(partial) > most else failed + 1
            most = max(most, _size(partial))
            if failed >= MAX_TRIES:
                raise ValueError(
                    f"{address} failed {failed} times in a row, last: {reason}. {_size(partial):,} bytes are kept; "
                    "the same command goes on from there."
                ) from None
            wait_seconds = WAIT_SECONDS * 2 ** (failed - 1)
            tell(f"{reason}; try {failed + 1} of {MAX_TRIES} in {wait_seconds:.0f} s")
            sleep(wait_seconds)
    found = checksum.of(partial)
    if not found.startswith(checksum.digest):
        _forget(partial)
        raise ValueError(
            f"{address} has {checksum.algorithm} {found} where {checksum.digest} is published, so it was deleted: it "
            "was damaged on the way, or another file is there now. Try once more, or give another --address."
        )
    _stamp_path(partial).unlink(missing_ok=True)
    partial.replace(path)


def _transfer(address: str, partial: Path, progress: Callable[[int, int | None], None]) -> None:
    """One try: from the bytes that are here to the end of the file."""
    start, stamp = _size(partial), _read_stamp(partial)
    if stamp is None:
        start, stamp = 0, _Stamp("", None)  # nothing says what the bytes are part of
    if start and start == stamp.num_bytes:
        return
    try:
        answer = _open(address, start, stamp.version)
    except urllib.error.HTTPError as reason:
        with reason:
            if reason.code == 416 and start:
                _forget(partial)
                raise _Dropped("the file became shorter, so it starts over") from None
            if reason.code in TRANSIENT or reason.code >= 500:
                raise _Dropped(f"the server answers {reason.code} {reason.reason}") from None
            raise ValueError(
                f"{address}: the server answers {reason.code} {reason.reason}; give another --address of the same file."
            ) from None
    except (OSError, http.client.HTTPException) as reason:
        raise _Dropped(_why(reason)) from None
    with closing(answer):
        length = answer.headers.get("Content-Length")
        start = _place(answer, start, stamp, partial, int(length) if length else None)
        total = start + int(length) if length else None
        _check_disk(partial, total, start)
        _write(answer, partial, start, total, progress)


def _open(address: str, start: int, version: str) -> http.client.HTTPResponse:
    headers = {"User-Agent": "alexnet-explorer", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    if start and version:
        headers["If-Range"] = version
    request = urllib.request.Request(address, headers=headers)
    answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    return answer


def _place(answer: http.client.HTTPResponse, start: int, stamp: _Stamp, partial: Path, length: int | None) -> int:
    """Where in the file the answer begins: `start` if it goes on from there, else 0, with what was here forgotten."""
    version = _version(answer)
    if start and answer.status == 206:
        goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if not goes_on or version != stamp.version:
            _forget(partial)
            raise _Dropped("the file changed on the server, so it starts over")
        return start
    _forget(partial)
    _stamp_path(partial).write_text(json.dumps(asdict(_Stamp(version, length))))
    return 0


def _write(
    answer: http.client.HTTPResponse,
    partial: Path,
    start: int,
    total: int | None,
    progress: Callable[[int, int | None], None],
) -> None:
    with partial.open("ab" if start else "wb") as file:
        while True:
            try:
                data = answer.read(CHUNK_BYTES)
            except (OSError, http.client.HTTPException) as reason:
                raise _Dropped(_why(reason)) from None
            if not data:
                break
            file.write(data)  # a full disk is no dropped connection
            start += len(data)
            progress(start, total)
    if total is not None and start < total:
        raise _Dropped(f"the connection ended after {start:,} of {total:,} bytes")


def _version(answer: http.client.HTTPResponse) -> str:
    """What If-Range can name: a strong ETag, else the date of the last change, else nothing (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _read_stamp(partial: Path) -> _Stamp | None:
    try:
        return _Stamp(**json.loads(_stamp_path(partial).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _check_disk(partial: Path, total: int | None, start: int) -> None:
    free_bytes = shutil.disk_usage(partial.parent).free
    if total and total - start > free_bytes:
        raise ValueError(
            f"{(total - start) / 1e9:.2f} GB are still to come, and {partial.parent} has {free_bytes / 1e9:.2f} GB free; "
            "make room, or name a place on a roomier disk."
        )


def _why(reason: Exception) -> str:
    inner = reason.reason if isinstance(reason, urllib.error.URLError) else reason
    return f"{type(inner).__name__}: {inner}" if isinstance(inner, Exception) else str(inner)


def _stamp_path(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _stamp_path(partial).unlink(missing_ok=True)
