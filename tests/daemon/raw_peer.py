"""A peer that does what no client of ours would."""

import socket
from pathlib import Path

from ptyd_protocol import codec
from ptyd_protocol.messages import Hello, Message
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.uri import parse_uri

from tests.daemon.client import make_client_id
from tests.support.waiting import stretch_deadline

DEADLINE_SECONDS = 15.0


class RawPeer:
    """A socket behind the handshake, which sends frames of any kind."""

    def __init__(self, path: Path, receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(stretch_deadline(DEADLINE_SECONDS))
        self.socket.connect(str(path))
        self.protocol = ClientProtocol(parse_uri("ws://localhost/ws"), subprotocols=["ptyd.v1"], max_size=None)  # type: ignore[list-item]
        self.protocol.send_request(self.protocol.connect())
        self.socket.sendall(b"".join(self.protocol.data_to_send()))
        self._frames: list[Frame] = []
        while not self.protocol.events_received():
            self.protocol.receive_data(self.socket.recv(65536))
        assert self.protocol.handshake_exc is None

    def send_frame(self, opcode: Opcode, data: bytes, fin: bool = True, mask: bool = True) -> None:
        self.socket.sendall(Frame(opcode, data, fin).serialize(mask=mask))

    def send(self, message: Message) -> None:
        self.send_frame(Opcode.BINARY, codec.encode(message))

    def hello(self) -> None:
        self.send(Hello([1], "raw/1", make_client_id()))
        self.receive()

    def receive(self) -> Frame:
        """The next frame."""
        while not self._frames:
            data = self.socket.recv(1 << 20)
            assert data, "the connection ended without a close frame"
            self.protocol.receive_data(data)
            self._frames += [event for event in self.protocol.events_received() if isinstance(event, Frame)]
        return self._frames.pop(0)

    def close_code(self) -> int:
        while (frame := self.receive()).opcode is not Opcode.CLOSE:
            pass
        return Close.parse(bytes(frame.data)).code

    def close(self) -> None:
        """Go without a word."""
        self.socket.close()
