"""The explorer's entry point, `streamlit run app/main.py`: warm-up, memory, and what a browser may load.

The pages are in `app/views`, their frame in `app/frame.py`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import hashlib
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import answers, galleries, state
from app.pages import PATHS
from app.text import speaking, t

COLLECT_SECONDS = 5.0


def _hashes() -> str:
    """Of the scripts inside Streamlit's own page, which a policy has to name one by one."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{value}'" for value in hashes)


POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' blob: {_hashes()}",  # canvas components are blobs of this program's own files
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)


class OwnFilesOnly:
    """Tells the browser to load nothing from anywhere else, and to guess no types."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
            await send(message)

        await self.app(scope, receive, told)


class NoSuchPage:
    """Leads a visitor who asks for a page that there is not to the first one; Streamlit would say so in English alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_no_page(Request(scope)):
            home = "../" * _path(scope).count("/") or "./"  # relative, which holds behind a proxy's prefix too
            query = scope["query_string"].decode("latin-1")
            await RedirectResponse(f"{home}?{query}" if query else home)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _is_no_page(request: Request) -> bool:
    """Whether a person's browser asks for a page by a name that no page has. Files have a dot in their names."""
    path = _path(request.scope).strip("/")
    is_file = "." in path or path.startswith(("_stcore/", "media/", "static/", "gallery/", "component"))
    is_visit = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return is_visit and not is_file and path not in PATHS


def _path(scope: Scope) -> str:
    """What is asked for, from the explorer's own root."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return str(scope["path"]).removeprefix("/").removeprefix(f"{base}/" if base else "")


def warm_up() -> None:
    """Open the models that pages open on and freeze what will stay, so that no later collection walks over it."""
    first, *others = dict.fromkeys(map(state.default_model, PATHS))
    for name, open_it in [(first, answers.layer_times), *((name, state.explorer) for name in others)]:
        try:
            open_it(name)
        except ValueError as reason:  # the pages say so too
            logging.getLogger(__name__).warning(reason)
    gc.collect()
    gc.freeze()


@contextlib.asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Warm up before the first visitor; collect garbage behind the pages' backs, which do not (see config.toml)."""
    warm_up()

    async def collect() -> None:
        while True:
            await asyncio.sleep(COLLECT_SECONDS)
            gc.collect()

    task = asyncio.create_task(collect())
    yield
    task.cancel()


def say_it_failed(reason: Exception) -> bool:
    """What no page caught, as in a widget's callback: a line in the log, a sentence on the screen, no traceback there."""
    logging.getLogger(__name__).exception("the script failed", exc_info=reason)
    st.error(t("failed"))
    return True


TYPES = {"webp": "image/webp", "json": "application/json"}


def of_gallery(request: Request) -> Response:
    """A picture of a gallery that is open, or what it is; in a thread of its own, since it may read a disk."""
    asked = request.path_params
    with speaking(request.query_params.get("lang", "")):
        found = galleries.asked_for(asked["key"], asked["row"], asked["kind"]) if asked["kind"] in TYPES else None
    if found is None:
        return Response(status_code=404)
    return Response(
        found, media_type=TYPES[asked["kind"]], headers={"Cache-Control": "private, max-age=86400, immutable"}
    )


app = st.App(
    Path(__file__).with_name("frame.py"),
    lifespan=lifespan,
    on_script_error=say_it_failed,
    middleware=[Middleware(OwnFilesOnly), Middleware(NoSuchPage)],
    routes=[Route("/gallery/{key}/{row:int}.{kind}", of_gallery)],
)
