"""A daemon of a few lines that does what a test tells it to: one session, in memory, behind a real Unix socket.

It keeps the protocol's rules with ``ServerConnection`` (which also asserts its own side), remembers over all
connections which Inputs it took, and can be told to misbehave.
"""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ptyd_protocol import limits
from ptyd_protocol.codec import encode
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    ClientMessage,
    DaemonMessage,
    Detach,
    Detached,
    Event,
    Exited,
    Failure,
    Hello,
    Input,
    InputAck,
    Live,
    Output,
    Reply,
    Request,
    Snapshot,
    Visibility,
    Welcome,
)
from ptyd_protocol.server_connection import ServerConnection
from ptyd_protocol.sessions import SessionInfo
from ptyd_protocol.version import SUBPROTOCOL
from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import ServerConnection as WebSocket
from websockets.asyncio.server import unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response as HttpResponse
from websockets.typing import Subprotocol

SESSION_ID = "1a2b3c4d"
EPOCH = 3
Answer = Callable[[Request], Any]


class CloseNow(Exception):
    """Raised by an answer: close the connection with this code instead."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class ScriptedDaemon:
    log: bytearray = field(default_factory=bytearray)
    taken: bytearray = field(default_factory=bytearray)
    """The input that reached the program."""
    last_seq: int = 0
    exit_code: int | None = None
    detach_with: Detached | None = None
    """Ends the channel once the log is sent."""
    refuse_with: Detached | None = None
    screen: bytes | None = None
    """What viewers that ask for no place are given, in ``screen_parts`` of nearly the same size."""
    screen_parts: int = 3
    told: list[Visibility | Appearance] = field(default_factory=list)
    acks: list[int] = field(default_factory=list)
    loses_input_acks: bool = False
    repeats_bytes: int = 0
    """Before each Output, so many bytes before it come again (against the protocol)."""
    forgets_bytes: int = 0
    """A lossless channel that comes back is continued so many bytes too late."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """What a method results in: a value, or a Failure (of any id), or CloseNow is raised. A method that is missing here
    is never answered."""
    http_status: HTTPStatus | None = None
    welcome_limits: dict[str, int] = field(default_factory=dict)
    hellos: list[Hello] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    attaches: list[Attach] = field(default_factory=list)
    acked: int = 0
    connections: "list[ScriptedConnection]" = field(default_factory=list)
    connection_type: "type[ScriptedConnection] | None" = None

    def print(self, data: bytes) -> None:
        """The program writes."""
        self.log += data
        self.pump()

    def exit(self, code: int) -> None:
        self.exit_code = code
        self.pump()

    def pump(self) -> None:
        for connection in self.connections:
            connection.pump()

    def resync(self) -> None:
        """All viewers are given the screen, at the end of the log."""
        for connection in self.connections:
            connection.resync()

    def tell(self, event: Event) -> None:
        for connection in self.connections:
            connection.send(event)

    async def break_connections(self) -> None:
        """Without a word, as if the daemon had been killed."""
        for connection in list(self.connections):
            connection.websocket.transport.abort()
            await connection.websocket.wait_closed()

    async def handle(self, websocket: WebSocket) -> None:
        connection = (self.connection_type or ScriptedConnection)(self, websocket)
        self.connections.append(connection)
        try:
            while True:
                connection.receive(await websocket.recv(decode=False))
        except CloseNow as close:
            await websocket.close(close.code)
        except ConnectionClosed:
            pass
        finally:
            self.connections.remove(connection)

    def answer_http(self, connection: WebSocket, request: HttpRequest) -> HttpResponse | None:
        return connection.respond(self.http_status, "no\n") if self.http_status else None


@dataclass
class Channel:
    sent: int
    acked: int
    window: int
    live_at: int
    is_live: bool = False


class ScriptedConnection:
    def __init__(self, daemon: ScriptedDaemon, websocket: WebSocket) -> None:
        self.websocket = websocket
        self._daemon = daemon
        self._protocol = ServerConnection()
        self._channels: dict[int, Channel] = {}

    def send(self, message: DaemonMessage) -> None:
        broadcast([self.websocket], self._protocol.send(message))

    def receive(self, data: bytes) -> None:
        message = self._protocol.receive(data)
        if message is not None:  # it did not cross the end of its channel
            self._act_on(message)
        self.pump()

    def _act_on(self, message: ClientMessage) -> None:
        daemon = self._daemon
        match message:
            case Hello():
                daemon.hellos.append(message)
                self.send(Welcome(1, "scripted", "owner", daemon.welcome_limits, 15))
            case Attach():
                daemon.attaches.append(message)
                self._attach(message)
            case Input(channel=number, seq=seq, data=data):
                if seq == daemon.last_seq + 1:
                    daemon.last_seq = seq
                    daemon.taken += data
                if not daemon.loses_input_acks:
                    self.send(InputAck(number, daemon.last_seq))
            case Ack(channel=number, offset=offset):
                self._channels[number].acked = max(self._channels[number].acked, offset)
                daemon.acked = max(daemon.acked, offset)
                daemon.acks.append(offset)
            case Visibility() | Appearance():
                daemon.told.append(message)
            case Detach(channel=number):
                del self._channels[number]
                self.send(Detached(number, "detached", ""))
            case Request():
                daemon.requests.append(message)
                self._answer(message)
            case _:
                pass

    def _attach(self, message: Attach) -> None:
        daemon, number = self._daemon, message.channel
        if daemon.refuse_with is not None:
            self.send(Detached(number, daemon.refuse_with.code, daemon.refuse_with.message))
            return
        if daemon.screen is not None and message.offset is None and message.history is None and not message.lossless:
            end = len(daemon.log)
            self._channels[number] = Channel(end, end, message.window, end)
            place = (number, SESSION_ID, "s", EPOCH, "snapshot", end, 80, 24, None, False, daemon.last_seq)
            self.send(Attached(*place, answers=True, locked=True))  # type: ignore[arg-type]
            self._send_screen(number, daemon.screen)
            return
        start = 0 if message.offset is None else message.offset + daemon.forgets_bytes
        self._channels[number] = Channel(start, start, message.window, len(daemon.log))
        self.send(Attached(number, SESSION_ID, "s", EPOCH, "exact", start, 80, 24, None, False, daemon.last_seq))

    def resync(self) -> None:
        for number, channel in self._channels.items():
            channel.sent = channel.acked = len(self._daemon.log)
            self._send_screen(number, self._daemon.screen or b"")

    def _send_screen(self, number: int, screen: bytes) -> None:
        offset = self._channels[number].sent
        if not screen:
            self.send(Snapshot(number, offset, 80, 24, b"", "tail"))
            return
        size = -(-len(screen) // self._daemon.screen_parts)
        for start in range(0, len(screen), size):
            more = start + size < len(screen)
            self.send(Snapshot(number, offset, 90, 25, screen[start : start + size], "screen", more))

    def _answer(self, message: Request) -> None:
        answer = self._daemon.answers.get(message.method)
        if answer is None:
            return
        result = answer(message)
        if isinstance(result, Failure):
            self.send(Failure(message.id, result.code, result.message))
        else:
            self.send(Reply(message.id, result))

    def pump(self) -> None:
        """Send what is due within each channel's credit."""
        for number, channel in list(self._channels.items()):
            while (length := self._due_length(channel)) > 0:
                data = bytes(self._daemon.log[channel.sent : channel.sent + length])
                self._repeat(number, channel.sent)
                self.send(Output(number, channel.sent, data))
                channel.sent += length
            if not channel.is_live and channel.sent >= channel.live_at:
                channel.is_live = True
                self.send(Live(number, channel.sent))
            if channel.sent == len(self._daemon.log):
                self._end_channel(number, channel)

    def _repeat(self, number: int, offset: int) -> None:
        start = max(0, offset - self._daemon.repeats_bytes)
        if start < offset:
            repeated = Output(number, start, bytes(self._daemon.log[start:offset]))
            broadcast([self.websocket], encode(repeated))

    def _due_length(self, channel: Channel) -> int:
        credit = channel.window - (channel.sent - channel.acked)
        return min(credit, limits.MAX_OUTPUT_BYTES, len(self._daemon.log) - channel.sent)

    def _end_channel(self, number: int, channel: Channel) -> None:
        daemon = self._daemon
        if daemon.detach_with is not None:
            del self._channels[number]
            self.send(Detached(number, daemon.detach_with.code, daemon.detach_with.message))
        elif daemon.exit_code is not None:
            del self._channels[number]
            self.send(Exited(number, channel.sent, daemon.exit_code))


@contextlib.asynccontextmanager
async def serve(daemon: ScriptedDaemon, directory: Path) -> AsyncIterator[None]:
    """The daemon on ``directory/ptyd.sock`` while inside."""
    async with unix_serve(
        daemon.handle,
        str(directory / "ptyd.sock"),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        process_request=daemon.answer_http,
        compression=None,
        close_timeout=1,
    ):
        yield
    (directory / "ptyd.sock").unlink(missing_ok=True)


@contextlib.contextmanager
def short_directory() -> Any:
    """A private directory whose name is short enough for sockets."""
    directory = Path(tempfile.mkdtemp(prefix="ps-", dir="/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def session_info(**changes: Any) -> SessionInfo:
    fields: dict[str, Any] = {
        "id": SESSION_ID,
        "name": "s",
        "state": "running",
        "pid": 1,
        "argv": ["x"],
        "cwd": "/",
        "cols": 80,
        "rows": 24,
        "created_at": 0.0,
        "last_output_at": 0.0,
        "clients": 0,
        "controller": None,
        "epoch": EPOCH,
        "log_start": 0,
        "log_head": 0,
        **changes,
    }
    return SessionInfo(**fields)


def session_map(**changes: Any) -> dict[str, Any]:
    """A SessionInfo as the wire carries it."""
    info = session_info(**changes)
    return {name: getattr(info, name) for name in info.__struct_fields__}
