"""An HTTP server on this machine that misbehaves as told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """One file and how it is served."""

    data: bytes
    etag: str = '"one"'
    last_modified: str = ""
    ranges: bool = True
    """False: answers with the whole file whatever is asked for."""
    if_range: bool = True
    """False: answers with a part even when the file has changed since."""
    length: bool = True
    drops: list[int] = field(default_factory=list)
    """Bytes after which each of the first answers breaks off."""
    errors: list[int] = field(default_factory=list)
    """Status of each of the first answers instead of the file."""
    requests: list[dict[str, str]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.requests.append(dict(self.headers))
        if site.errors:
            self.send_error(site.errors.pop(0))
            return
        start, asked = 0, self.headers.get("Range")
        same = not site.if_range or self.headers.get("If-Range", site.etag) in (site.etag, site.last_modified)
        if asked and site.ranges and same:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(site.data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(site.data) - 1}/{len(site.data)}")
        else:
            self.send_response(200)
        for name, value in (("ETag", site.etag), ("Last-Modified", site.last_modified)):
            if value:
                self.send_header(name, value)
        if site.length:
            self.send_header("Content-Length", str(len(site.data) - start))
        self.end_headers()
        end = start + site.drops.pop(0) if site.drops else len(site.data)
        self.wfile.write(site.data[start:end])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """The site at `site.address` until the block ends."""
    handler = type("Handler", (_Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_address[1]}/archive"
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
