"""The WebSocket of one client, on the library's sans-I/O protocol, straight on the transport.

No task, no queue and no ASGI message stand between a socket's bytes and the connection: a key's way through the
daemon is one callback. uvicorn hands the socket over when a client asks for an upgrade.
"""

import asyncio
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.version import SUBPROTOCOL
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from ptyd.core.access.audit import Actor
from ptyd.core.access.principal import Principal
from ptyd.core.limits.throttle import Throttle
from ptyd.edge import audit
from ptyd.edge.net.client_address import peer_address
from ptyd.edge.net.connection import MAX_UNSENT_BYTES, Connection
from ptyd.edge.net.door import Door, Turned, join_headers
from ptyd.edge.net.guests import Guest, admit_guest
from ptyd.edge.net.http_protocol import guest_of, target_of
from ptyd.edge.net.office import Office

WEBSOCKET_PATH = "/ws"

WRITE_HIGH_WATER_BYTES = 512 * 1024
"""Two full Outputs may wait in the socket; then its attachments wait in the log."""
WRITE_LOW_WATER_BYTES = 128 * 1024

SEND_BUFFER_BYTES = 512 * 1024
"""Asked of the kernel, so that it takes a whole Output at once; it gives what it allows."""

CLOSE_TIMEOUT_SECONDS = 5.0
"""A peer that does not answer our close frame is cut off."""

MAX_FRAGMENTS = 4096
"""Of one message, the empty ones too, which its length would not bound."""

MAX_REASON_BYTES = 120
"""A close frame holds 123 bytes of reason."""

TURN_SECONDS = 0.002
"""A client's messages may be acted on so long before others get their turn."""

_quiet = logging.getLogger("ptyd.websocket")
_quiet.setLevel(logging.WARNING)


class Talk(Protocol):
    """What a client of a WebSocket talks to: a Connection, or the run of ``/ws/claude``."""

    @property
    def has_said_hello(self) -> bool:
        """The client has said what it has to say first."""

    def receive(self, data: bytes) -> None:
        """One message."""

    def resume(self) -> None:
        """The socket takes more."""

    def lost(self) -> None:
        """The socket is gone."""


class WebSocket(asyncio.Protocol):
    """An asyncio protocol; also the MessageTransport of its Connection."""

    PATH = WEBSOCKET_PATH
    SUBPROTOCOL: str | None = SUBPROTOCOL
    """The one that a client must offer; None: none is spoken of."""
    MESSAGES = Opcode.BINARY
    """The kind of messages that a client may send; another closes with ``NOT_BINARY``."""
    OTHER_MESSAGES = Opcode.TEXT
    FIRST_WORD = "Hello"
    FIRST_WORD_SECONDS: float = limits.HELLO_TIMEOUT_SECONDS

    def __init__(self, door: Door, office: Office, guest: Guest | None = None) -> None:
        self._door = door
        self._office = office
        self._guest = guest
        self._throttle = office.guests.make_throttle()
        self._slowed: asyncio.TimerHandle | None = None
        self._events: deque[Request | Response | Frame] = deque()
        """Read and not yet acted on."""
        self._next_turn: asyncio.Handle | None = None
        self._loop = asyncio.get_running_loop()
        self._frames = ServerProtocol(
            subprotocols=[Subprotocol(self.SUBPROTOCOL)] if self.SUBPROTOCOL else None,
            max_size=limits.MAX_CLIENT_MESSAGE_BYTES,
            logger=_quiet,
        )
        self._transport: asyncio.Transport
        self._fd = -1
        self._is_tls = False
        self._connection: Talk | None = None
        self._begun: bytearray | None = None
        """The message whose fragments are coming."""
        self._fragments = 0
        self._heard_at = self._pinged_at = self._opened_at = self._loop.time()
        self._closing = False
        self._cut_off: asyncio.TimerHandle | None = None
        self.writable = True
        self.is_local = False
        self.address = ""

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._transport.set_write_buffer_limits(WRITE_HIGH_WATER_BYTES, WRITE_LOW_WATER_BYTES)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # Under TLS only the transport knows what to put on the wire.
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._fd = -1 if self._is_tls else sock.fileno()
        self.is_local = sock.family == socket.AF_UNIX

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._frames.receive_data(data)
        events = self._frames.events_received()
        self._events.extend(events)
        self._act_on_events()
        self._keep_pace(len(events), len(data))

    def _act_on_events(self) -> None:
        """A client that comes back attaches to many sessions at once: the others get their turns in between, and
        nothing more is read until all is done."""
        until = time.monotonic() + TURN_SECONDS
        while self._events:
            event = self._events.popleft()
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame):
                self._take_frame(event)
            if self._events and time.monotonic() > until:
                if self._next_turn is None:
                    self._transport.pause_reading()
                    self._next_turn = self._loop.call_soon(self._act_on_more)
                return
        self._flush()  # pongs, and the answer to a close

    def _act_on_more(self) -> None:
        self._next_turn = None
        self._act_on_events()
        self._read_on()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        if self._closing:
            return
        self.writable = True
        if self._connection is not None:
            self._connection.resume()

    def eof_received(self) -> None:
        self._frames.receive_eof()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self.writable = False
        for timer in (self._cut_off, self._slowed, self._next_turn):
            if timer is not None:
                timer.cancel()
        if self._guest is not None:
            self._guest.leave()
        if self._connection is not None:
            self._connection.lost()
            self._office.sockets.discard(self)

    # --- handshake ---

    def _shake_hands(self, request: Request) -> None:
        headers = join_headers(request.headers.raw_items())
        self.address = audit.describe_client(self._transport, headers, self._door.front.proxies)
        try:
            principal = admit_guest(self._office.guests, self._door, headers, self._transport)
            if self._door.front.strip_base(request.path.partition("?")[0]) != self.PATH:
                raise Turned(404, f"the WebSocket is at {self.PATH}")
            self._check(principal, headers)
        except Turned as turned:
            with audit.acting_as(Actor(address=self.address)):
                audit.note("turned_away", status=turned.status, path=request.path.partition("?")[0], websocket=True)
            response = self._frames.reject(HTTPStatus(turned.status), f"{turned.reason}\n")
            if turned.retry_after:
                response.headers["Retry-After"] = str(turned.retry_after)
            self._frames.send_response(response)
            return
        response = self._frames.accept(request)
        self._frames.send_response(response)
        if self._frames.state is State.OPEN:
            self._connection = self._begin(principal)
            if self._guest is not None:
                self._guest.welcome()
            self._office.sockets.add(self)

    def _check(self, principal: Principal, headers: Mapping[str, str]) -> None:
        """Raises Turned: somebody is there, and may come in, but not so."""
        if self.SUBPROTOCOL not in headers.get("sec-websocket-protocol", "").replace(" ", "").split(","):
            raise Turned(400, f"the subprotocol {self.SUBPROTOCOL} must be offered")

    def _begin(self, principal: Principal) -> Talk:
        """The handshake is over."""
        return Connection(self, principal, self._office)

    # --- frames ---

    def _take_frame(self, frame: Frame) -> None:
        if self._closing or self._connection is None:
            return
        if frame.opcode is self.MESSAGES and frame.fin:
            self._connection.receive(bytes(frame.data))
        elif frame.opcode is self.MESSAGES:
            self._begun, self._fragments = bytearray(frame.data), 1
        elif frame.opcode is Opcode.CONT and self._begun is not None:
            self._begun += frame.data
            self._fragments += 1
            if frame.fin:
                data, self._begun = bytes(self._begun), None
                self._connection.receive(data)
            elif self._fragments > MAX_FRAGMENTS:
                self._refuse("fragments")
                self.close(CloseCode.BAD_MESSAGE, f"a message may come in {MAX_FRAGMENTS} fragments at most")
        elif frame.opcode is self.OTHER_MESSAGES:
            self.close(CloseCode.NOT_BINARY, f"messages are {self.MESSAGES.name.lower()}")

    def _flush(self) -> None:
        for chunk in self._frames.data_to_send():
            if chunk:
                self._transport.write(chunk)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()  # TLS has no half-closed connections: what is written still goes out
        if self._frames.close_expected() or self._frames.state is State.CLOSED:
            self._expect_end()

    def _expect_end(self) -> None:
        """Nothing more goes out: what a session still says must not count as told."""
        if not self._closing:
            self._closing = True
            self.writable = False
            self._cut_off = self._loop.call_later(CLOSE_TIMEOUT_SECONDS, self._transport.abort)

    # --- pace ---

    def _keep_pace(self, frames: int, size: int) -> None:
        """Read on later where too much has come, and never more than the client takes of our answers to its pings."""
        if self._closing:
            return
        if self.unsent_bytes() > MAX_UNSENT_BYTES:
            self._refuse("rate")
            self._transport.abort()
            return
        pause = self._throttle.note(frames, size, self._heard_at)
        if pause.is_hopeless:
            self._refuse("rate")
            self.close(CloseCode.OVERLOADED, "too many messages for too long (message_rate, message_bytes_rate)")
        elif pause.seconds:
            self.slow_down(pause.seconds)

    def slow_down(self, seconds: float) -> None:
        if self._slowed is None:
            self._transport.pause_reading()
            self._slowed = self._loop.call_later(min(seconds, Throttle.MOST_SECONDS), self._end_pause)

    def _end_pause(self) -> None:
        self._slowed = None
        self._read_on()

    def _read_on(self) -> None:
        if self._slowed is None and self._next_turn is None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _refuse(self, kind: str) -> None:
        self._office.guests.refuse(kind, peer_address(self._transport))

    # --- MessageTransport ---

    def _may_send(self) -> bool:
        """A peer's close frame may have come in one read with messages that are still to be acted on: then the library
        has answered it already."""
        return not self._closing and self._frames.state is State.OPEN

    def send(self, data: bytes) -> None:
        if self._may_send():
            self._frames.send_binary(data)
            self._transport.writelines(self._frames.data_to_send())

    def send_output(self, head: bytes, data: memoryview) -> None:
        """Send one binary message in two parts, of which ``data`` is not ours to keep: it goes straight from the replay
        log to the kernel, and only what the socket does not take at once is copied."""
        if not self._may_send():
            return
        parts: list[bytes | memoryview] = [_frame_head(len(head) + len(data)) + head, data]
        sent = 0
        if not self._is_tls and not self._transport.get_write_buffer_size():
            try:
                sent = os.writev(self._fd, parts)
            except BlockingIOError:
                pass
            except OSError:
                return  # the transport reads the same error, and says so
        if sent < len(parts[0]) + len(data):
            self._transport.write(b"".join(parts)[sent:])

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def close(self, code: CloseCode, reason: str) -> None:
        if self._closing:
            return
        text = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        try:
            self._frames.send_close(code, text)
        except InvalidState:
            self._transport.abort()
        self._flush()

    # --- heartbeat ---

    def beat(self, now: float) -> None:
        """Called every few seconds: ping a quiet client, give a dead one up. ``now``: the loop's clock."""
        if now - self._heard_at > limits.DEAD_AFTER_SECONDS:
            self._transport.abort()
        elif self._connection is not None and not self._connection.has_said_hello:
            if now - self._opened_at > self.FIRST_WORD_SECONDS:
                self.close(CloseCode.BAD_MESSAGE, f"no {self.FIRST_WORD} within {self.FIRST_WORD_SECONDS:g} s")
        elif now - self._pinged_at > limits.PING_INTERVAL_SECONDS and not self._closing:
            self._pinged_at = now
            self._frames.send_ping(b"")
            self._flush()


def _frame_head(length: int) -> bytes:
    """What begins a whole, unmasked binary frame (RFC 6455, 5.2)."""
    if length < 126:
        return bytes([0x82, length])
    if length < 1 << 16:
        return b"\x82\x7e" + length.to_bytes(2, "big")
    return b"\x82\x7f" + length.to_bytes(8, "big")


async def beat_sockets(office: Office, interval_seconds: float = 5.0) -> None:
    """The heartbeat of all connections, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(interval_seconds)
        for websocket in list(office.sockets):
            websocket.beat(loop.time())
        office.guests.beat(loop.time())


MakeWebSocket = Callable[[Door, Office, Guest | None], WebSocket]


def make_websocket_class(door: Door, office: Office, others: Mapping[str, MakeWebSocket] | None = None) -> Any:
    """What uvicorn calls for an upgrade, with arguments of its own that are not needed here. ``others``: what is spoken
    at other paths."""

    def make(config: Any, server_state: Any, app_state: Any) -> WebSocket:
        path = door.front.strip_base(target_of(app_state).partition("?")[0])
        return (others or {}).get(path, WebSocket)(door, office, guest_of(app_state))

    return make
