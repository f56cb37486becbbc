"""A user of a Streamlit server without a browser: it speaks the page's side of the protocol, so that twenty load the server alone."""

from __future__ import annotations

import asyncio
import itertools
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

LARGEST = 64 * 2**20  # bytes of one message


@dataclass
class LightUser:
    """One session. Use `LightUser.join`; what fails raises RuntimeError."""

    address: str
    socket: ClientConnection
    cookie: str
    session: str = ""
    page: str = ""
    """Hash of the page that is shown."""
    pages: dict[str, str] = field(default_factory=dict)
    """Their hashes by path, "" for the first."""
    boxes: dict[str, str] = field(default_factory=dict)
    """The page's file boxes: widget's id by its key."""
    widgets: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    """Hashes of messages that need not be sent again, and in which run each came last."""
    run: int = 0
    said: list[str] = field(default_factory=list)
    """Texts that the last run wrote."""
    requests: Any = field(default_factory=itertools.count)

    @staticmethod
    async def join(address: str) -> LightUser:
        """Open the first page."""
        with urllib.request.urlopen(f"{address}/_stcore/health") as answer:
            cookie = str(answer.headers.get("Set-Cookie", "")).split(";")[0]
        token = cookie.partition("=")[2]
        socket = await connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream", additional_headers={"Cookie": cookie},
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token)], max_size=LARGEST, compression=None,
        )  # fmt: skip
        user = LightUser(address, socket, cookie)
        await user.rerun()
        return user

    async def leave(self) -> None:
        """Close the session's connection."""
        await self.socket.close()

    async def go_to(self, path: str) -> float:
        """Seconds from the click on a page's link until the script has run and all of it is here."""
        self.page = self.pages[path]
        return await self.rerun()

    async def upload(self, data: bytes, box: str = "upload") -> float:
        """Seconds from choosing a file to the end of the script that shows it."""
        begun = time.perf_counter()
        asked = f"{next(self.requests)}"
        message = BackMsg()
        message.file_urls_request.request_id = asked
        message.file_urls_request.file_names.append("photo.jpg")
        message.file_urls_request.session_id = self.session
        await self._send(message)
        urls = (await self._receive("file_urls_response")).file_urls_response.file_urls[0]
        await asyncio.to_thread(self._put, urls.upload_url, data)
        self.widgets[self.boxes[box]] = (urls, len(data))
        await self.rerun()
        self.widgets.clear()  # the explorer has another box by then
        return time.perf_counter() - begun

    async def rerun(self) -> float:
        """Seconds of one run of the script, until its last message is here."""
        begun = time.perf_counter()
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash = self.page
        state.cached_message_hashes.extend(self.kept)
        state.context_info.timezone = "UTC"
        for name, (urls, size) in self.widgets.items():
            widget = state.widget_states.widgets.add(id=name)
            info = widget.file_uploader_state_value.uploaded_file_info.add(
                name="photo.jpg", size=size, file_id=urls.file_id
            )
            info.file_urls.CopyFrom(urls)
        await self._send(message)
        finished = await self._receive("script_finished")
        while finished.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
            if finished.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                raise RuntimeError(f"the script ended with status {finished.script_finished}")
            finished = await self._receive("script_finished")
        return time.perf_counter() - begun

    async def _send(self, message: BackMsg) -> None:
        await self.socket.send(message.SerializeToString())

    async def _receive(self, kind: str) -> ForwardMsg:
        """The next message of one kind; those before it are taken note of."""
        while True:
            data = await self.socket.recv()
            assert isinstance(data, bytes)
            message: ForwardMsg = ForwardMsg.FromString(data)
            self._note(message)
            if message.WhichOneof("type") == kind:
                return message

    def _note(self, message: ForwardMsg) -> None:
        if known := message.ref_hash or (message.hash if message.metadata.cacheable else ""):
            self.kept[known] = self.run
        match message.WhichOneof("type"):
            case "new_session":
                self.session = message.new_session.initialize.session_id
                self.run, self.said = self.run + 1, []
                oldest = self.run - message.new_session.config.max_cached_message_age
                self.kept = {name: run for name, run in self.kept.items() if run >= oldest}
            case "navigation":
                self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
                self.page = message.navigation.page_script_hash
            case "delta":
                self._look_at(message)

    def _look_at(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "markdown":
            self.said.append(element.markdown.body)
        if kind == "file_uploader":
            key = element.file_uploader.id.rpartition("-")[2]
            self.boxes[key.rstrip("_0123456789")] = (
                element.file_uploader.id
            )  # the explorer's box is a new one after each file
        if kind == "exception" or (kind == "alert" and element.alert.format == element.alert.ERROR):
            raise RuntimeError(f"the page says: {element.alert.body or element.exception.message}")

    def _put(self, path: str, data: bytes) -> None:
        """Send a file as a form, as the page does."""
        edge = "photograph-follows"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "Cookie": self.cookie,
            "X-Xsrftoken": self.cookie.partition("=")[2],
        }
        with urllib.request.urlopen(urllib.request.Request(self.address + path, body, headers, method="PUT")):
            pass
