"""A daemon that says what the test wants it to, behind the real page: one session, no program."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import BrowserContext, Route, WebSocketRoute
from ptyd_protocol.codec import decode_client_message, encode
from ptyd_protocol.limits import MAX_OUTPUT_BYTES
from ptyd_protocol.messages import (
    Ack,
    Attach,
    Attached,
    ClientMessage,
    ControlChanged,
    DaemonMessage,
    Detach,
    Detached,
    Hello,
    Input,
    InputAck,
    Live,
    Output,
    Ping,
    Pong,
    Reply,
    Request,
    Snapshot,
    Welcome,
)
from ptyd_protocol.sessions import SessionInfo, SubscribeResult

import ptyd
from tests.browser.page import WebPage

ORIGIN = "http://127.0.0.1:9"
"""Nothing listens there: the browser is answered before it asks."""
SESSION = "0000cafe"
MIME_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

T = TypeVar("T", bound=ClientMessage)


class ScriptedDaemon:
    """Answers what any client needs; the screen, and what is said afterwards, is the test's.

    ``screen`` is given to everyone who attaches, at ``offset``; None: whoever attaches waits for ``show``.
    """

    def __init__(self) -> None:
        self.screen: bytes | None = b""
        self.offset = 1000
        self.title = ""
        self.locked = False
        self.yours = True
        self.size: tuple[int, int] | None = None
        """The session's; None: that of whoever attaches."""
        self.received: list[ClientMessage] = []
        self.channel = 0
        """The one that has attached last."""
        self._cols, self._rows = 80, 24
        self._socket: WebSocketRoute | None = None

    # --- what the page did ---

    def all(self, kind: type[T]) -> list[T]:
        return [message for message in self.received if isinstance(message, kind)]

    @property
    def typed(self) -> bytes:
        return b"".join(message.data for message in self.all(Input))

    def acked(self) -> list[int]:
        return [message.offset for message in self.all(Ack) if message.channel == self.channel]

    # --- what the daemon does ---

    def send(self, *messages: DaemonMessage) -> None:
        assert self._socket is not None
        for message in messages:
            self._socket.send(encode(message))

    def show(self, screen: bytes, offset: int | None = None) -> None:
        """A screen, in as many parts as it takes."""
        self.offset = self.offset if offset is None else offset
        parts = [screen[start : start + MAX_OUTPUT_BYTES] for start in range(0, len(screen), MAX_OUTPUT_BYTES)] or [b""]
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            self.send(Snapshot(self.channel, self.offset, self._cols, self._rows, part, kind="screen", more=more))

    def print(self, output: bytes) -> None:
        self.send(Output(self.channel, self.offset, output))
        self.offset += len(output)

    def go_live(self) -> None:
        self.send(Live(self.channel, self.offset))

    def give_control(self, yours: bool, locked: bool = False) -> None:
        self.yours, self.locked = yours, locked
        self.send(ControlChanged(self.channel, "somebody", yours, locked))

    def cut(self) -> None:
        """The connection breaks; the page will open another."""
        assert self._socket is not None
        self._socket.close(code=1012)

    def accept(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.on_message(lambda data: self._receive(socket, data))

    def _receive(self, socket: WebSocketRoute, data: str | bytes) -> None:
        assert isinstance(data, bytes)
        message = decode_client_message(data)
        assert message is not None
        self.received.append(message)
        for answer in self._answer(message):
            socket.send(encode(answer))
        if isinstance(message, Attach) and self.screen is not None:
            self.show(self.screen)
            self.go_live()

    def _answer(self, message: ClientMessage) -> Iterator[DaemonMessage]:
        match message:
            case Hello():
                yield Welcome(1, "scripted", "test", {}, 15)
            case Request(id=number, method="subscribe"):
                yield Reply(number, SubscribeResult(seq=0, sessions=[self._describe()]))
            case Request(id=number):
                yield Reply(number, self._describe())
            case Attach():
                yield self._attach(message)
            case Input(channel=channel, seq=seq):
                yield InputAck(channel, seq)
            case Detach(channel=channel):
                yield Detached(channel, "detached", "")
            case Ping(nonce=nonce):
                yield Pong(nonce)
            case _:
                pass

    def _attach(self, message: Attach) -> Attached:
        self.channel = message.channel
        self._cols, self._rows = self.size or (message.cols, message.rows)
        return Attached(
            message.channel,
            SESSION,
            "scripted",
            1,
            "snapshot",
            self.offset,
            self._cols,
            self._rows,
            "somebody",
            self.yours,
            0,
            answers=True,
            locked=self.locked,
        )

    def _describe(self) -> SessionInfo:
        return SessionInfo(
            id=SESSION,
            name="scripted",
            state="running",
            pid=1,
            argv=["cat"],
            cwd="/",
            cols=self._cols,
            rows=self._rows,
            created_at=1.0,
            last_output_at=1.0,
            clients=1,
            controller=None,
            epoch=1,
            log_start=0,
            log_head=0,
            title=self.title,
            locked=self.locked,
        )


def open_scripted(context: BrowserContext, daemon: ScriptedDaemon, address: str = f"/#{SESSION}") -> WebPage:
    """The page on the scripted session, with the connection up."""
    static = Path(ptyd.__file__).parent / "static"

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN).split("#")[0].lstrip("/") or "index.html"
        file = static / name
        route.fulfill(body=file.read_bytes(), content_type=MIME_TYPES.get(file.suffix, "text/plain"))

    context.route(f"{ORIGIN}/**", serve)
    context.route_web_socket("**/ws", daemon.accept)
    web = WebPage(context.new_page())
    web.page.goto(ORIGIN + address)
    web.wait_for_status("live")
    return web
