"""A client written from PROTOCOL.md alone, with nothing of ours: ``websockets`` and ``msgpack``."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect

from tests.support.waiting import stretch_deadline

HELLO, REQUEST, ATTACH, INPUT, RESIZE, ACK, DETACH, TAKE_CONTROL, PING, VISIBILITY, APPEARANCE = range(1, 12)
WELCOME, REPLY, FAILURE, ATTACHED, SNAPSHOT, OUTPUT, RESIZED, LIVE, EXITED = range(64, 73)
INPUT_ACK, CONTROL_CHANGED, DETACHED, EVENT, PONG = range(73, 78)

MAX_DAEMON_MESSAGE_BYTES = 12 * 1024 * 1024
DEADLINE_SECONDS = 15.0


class Stranger:
    """One connection. Messages are lists, as on the wire."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.output: defaultdict[int, bytearray] = defaultdict(bytearray)
        """What has come on each channel so far."""
        self.events: list[list[Any]] = []
        self.acknowledges = True
        self._last_id = 0

    def send(self, *fields: Any) -> None:
        self.socket.send(msgpack.packb(list(fields)))

    def hello(self, client_id: str) -> list[Any]:
        """Returns Welcome."""
        self.send(HELLO, [1], "stranger/1", client_id)
        return self.receive()

    def receive(self) -> list[Any]:
        data = self.socket.recv(timeout=stretch_deadline(DEADLINE_SECONDS))
        assert isinstance(data, bytes)
        message: list[Any] = msgpack.unpackb(data)
        if message[0] == OUTPUT:
            _, channel, offset, output, *_ = message
            self.output[channel] += output
            if self.acknowledges:
                self.send(ACK, channel, offset + len(output))
        elif message[0] == SNAPSHOT:
            _, channel, offset, _, _, _, *kind_and_more = message
            self.output[channel].clear()
            if self.acknowledges and kind_and_more[1:2] != [True]:
                self.send(ACK, channel, offset)
        elif message[0] == EVENT:
            self.events.append(message)
        return message

    def receive_code(self, code: int) -> list[Any]:
        """The next message with this code; of the others only output and events are kept."""
        while (message := self.receive())[0] != code:
            pass
        return message

    def request(self, method: str, **params: Any) -> Any:
        """The result; raises LookupError with the code of a Failure."""
        self._last_id += 1
        self.send(REQUEST, self._last_id, method, params)
        while (message := self.receive())[0] not in (REPLY, FAILURE) or message[1] != self._last_id:
            pass
        if message[0] == FAILURE:
            raise LookupError(message[2])
        return message[2]

    def read_output(self, channel: int, wanted: bytes) -> bytes:
        """All output of the channel, at least up to and with ``wanted``."""
        while wanted not in self.output[channel]:
            self.receive()
        return bytes(self.output[channel])

    def close_code(self) -> int:
        """Wait for the daemon to close; what it sent before is dropped."""
        try:
            while True:
                self.receive()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection broke without a close frame"
            return int(closed.rcvd.code)


@contextlib.contextmanager
def connect_stranger(socket_path: Path) -> Iterator[Stranger]:
    """A connection before Hello."""
    with unix_connect(
        str(socket_path),
        "ws://localhost/ws",
        subprotocols=["ptyd.v1"],
        max_size=MAX_DAEMON_MESSAGE_BYTES,
        compression=None,
    ) as socket:
        assert socket.subprotocol == "ptyd.v1"
        yield Stranger(socket)
