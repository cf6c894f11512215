"""A client's socket, without a socket: time and transport are in the test's hand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from ptyd_protocol import codec, limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.messages import Hello, Output, Ping, Pong, Welcome
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.uri import parse_uri

from ptyd.core.events import EventHub
from ptyd.edge.net.door import UNIX_HOSTS, Door
from ptyd.edge.net.logins import Logins
from ptyd.edge.net.office import Office
from ptyd.edge.net.websocket import WebSocket
from ptyd.edge.tasks import Tasks


class NotebookTransport:
    """Takes everything, and writes down what was done with it."""

    def __init__(self) -> None:
        self.written = b""
        self.is_aborted = False
        self.has_written_eof = False
        self.buffered = 0
        self.is_reading = True
        self.socket, self.other_end = socket.socketpair()
        self.socket.setblocking(False)

    def get_extra_info(self, name: str) -> Any:
        return self.socket if name == "socket" else None

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return self.is_aborted

    def close(self) -> None:
        self.socket.close()
        self.other_end.close()

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, parts: list[bytes]) -> None:
        self.written += b"".join(parts)

    def write_eof(self) -> None:
        self.has_written_eof = True

    def can_write_eof(self) -> bool:
        return True

    def abort(self) -> None:
        self.is_aborted = True

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.buffered


class Peer:
    """The client at the other end of the notebook."""

    def __init__(self, websocket: WebSocket, transport: NotebookTransport) -> None:
        self.websocket = websocket
        self.transport = transport
        self.protocol = ClientProtocol(parse_uri("ws://localhost/ws"), subprotocols=["ptyd.v1"])  # type: ignore[list-item]
        self.protocol.send_request(self.protocol.connect())
        self.push()
        self.pull()

    def push(self) -> None:
        self.websocket.data_received(b"".join(self.protocol.data_to_send()))

    def pull(self) -> list[Frame]:
        data, self.transport.written = self.transport.written, b""
        self.protocol.receive_data(data)
        return [event for event in self.protocol.events_received() if isinstance(event, Frame)]

    def send(self, message: Any) -> None:
        self.protocol.send_binary(codec.encode(message))
        self.push()

    def receive(self) -> list[Any]:
        return [
            codec.decode_daemon_message(bytes(frame.data)) for frame in self.pull() if frame.opcode is Opcode.BINARY
        ]

    def close_seen(self) -> Close | None:
        return next((Close.parse(bytes(frame.data)) for frame in self.pull() if frame.opcode is Opcode.CLOSE), None)


@pytest.fixture
async def office() -> Office:
    async def answer(caller: Any, request: Any) -> Any:
        raise AssertionError("no requests here")

    return Office(cast(Any, None), answer, EventHub().unsubscribe, Tasks(), (10.0, 60.0))


@pytest.fixture
async def open_peer(office: Office, tmp_path: Any) -> AsyncIterator[Callable[[], Peer]]:
    door = Door(UNIX_HOSTS, Logins(tmp_path), trusts_peer=True)
    transports: list[NotebookTransport] = []

    def open_peer() -> Peer:
        websocket, transport = WebSocket(door, office), NotebookTransport()
        transports.append(transport)
        websocket.connection_made(cast(Any, transport))
        return Peer(websocket, transport)

    yield open_peer
    for transport in transports:
        transport.close()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_hello(open_peer: Callable[[], Peer], office: Office) -> None:
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    (welcome,) = peer.receive()
    assert isinstance(welcome, Welcome)
    assert len(office.connections) == len(office.sockets) == len(office.by_client_id) == 1
    peer.websocket.connection_lost(None)
    assert not office.connections and not office.sockets and not office.by_client_id
    assert office.empty.is_set()


async def test_many_messages_at_once_let_others_have_their_turn(
    open_peer: Callable[[], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ptyd.edge.net.websocket.TURN_SECONDS", -1.0)  # each message takes longer than a turn may
    busy, other = open_peer(), open_peer()
    busy.send(Hello([1], "t", "client-0123456789"))
    other.send(Hello([1], "t", "client-9876543210"))
    busy.receive(), other.receive()
    for nonce in range(3):
        busy.protocol.send_binary(codec.encode(Ping(nonce)))
    busy.push()
    other.send(Ping(7))
    assert busy.receive() == [Pong(0)]
    assert not busy.transport.is_reading
    assert other.receive() == [Pong(7)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert busy.receive() == [Pong(1), Pong(2)]
    assert busy.transport.is_reading


async def test_a_slow_down_outlasts_the_turns(open_peer: Callable[[], Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptyd.edge.net.websocket.TURN_SECONDS", -1.0)
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    peer.receive()
    for nonce in range(3):
        peer.protocol.send_binary(codec.encode(Ping(nonce)))
    peer.push()
    peer.websocket.slow_down(30)
    pongs: list[Any] = []
    while len(pongs) < 3:
        await asyncio.sleep(0)
        pongs += peer.receive()
    assert not peer.transport.is_reading
    peer.websocket.connection_lost(None)


async def test_nothing_is_acted_on_once_the_connection_is_lost(
    open_peer: Callable[[], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ptyd.edge.net.websocket.TURN_SECONDS", -1.0)
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    peer.receive()
    for nonce in range(3):
        peer.protocol.send_binary(codec.encode(Ping(nonce)))
    peer.push()
    assert peer.receive() == [Pong(0)]
    peer.websocket.connection_lost(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert peer.receive() == []


async def test_no_hello_in_time(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.websocket.beat(now() + limits.HELLO_TIMEOUT_SECONDS - 1)
    assert peer.close_seen() is None
    peer.websocket.beat(now() + limits.HELLO_TIMEOUT_SECONDS + 0.1)
    close = peer.close_seen()
    assert close is not None
    assert close.code == CloseCode.BAD_MESSAGE
    assert "Hello" in close.reason


async def test_pings(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    peer.pull()
    peer.websocket.beat(now() + limits.PING_INTERVAL_SECONDS - 1)
    assert peer.pull() == []
    peer.websocket.beat(now() + limits.PING_INTERVAL_SECONDS + 1)
    assert [frame.opcode for frame in peer.pull()] == [Opcode.PING]


async def test_given_up_when_nothing_is_heard(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    peer.websocket.beat(now() + limits.DEAD_AFTER_SECONDS - 1)
    assert not peer.transport.is_aborted
    peer.websocket.beat(now() + limits.DEAD_AFTER_SECONDS + 1)
    assert peer.transport.is_aborted


async def test_nothing_is_said_behind_the_end(open_peer: Callable[[], Peer]) -> None:
    """What a session says to a socket that is closing must not count as told, and must not be an error."""
    for end in (
        lambda peer: peer.websocket.eof_received(),
        lambda peer: (peer.protocol.send_close(1000), peer.push()),
        lambda peer: peer.websocket.close(CloseCode.RESTARTING, "bye"),
        lambda peer: peer.websocket.data_received(b"\xff\xff"),
    ):
        peer = open_peer()
        peer.send(Hello([1], "t", "client-0123456789"))
        assert peer.websocket.writable
        end(peer)
        assert not peer.websocket.writable
        peer.websocket.resume_writing()
        assert not peer.websocket.writable
        before = peer.transport.written
        peer.websocket.send(codec.encode(Pong(1)))
        assert peer.transport.written == before
        peer.websocket.connection_lost(None)


async def test_pausing(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    peer.websocket.pause_writing()
    assert not peer.websocket.writable
    peer.websocket.resume_writing()
    assert peer.websocket.writable


async def test_answers_that_are_not_read(open_peer: Callable[[], Peer]) -> None:
    """Pongs go out whatever the socket holds; too much of it ends the connection."""
    peer = open_peer()
    peer.send(Hello([1], "t", "client-0123456789"))
    peer.pull()
    peer.websocket.pause_writing()
    peer.transport.buffered = 1000
    peer.send(Ping(1))
    assert peer.receive() == [Pong(1)]
    peer.transport.buffered = 64 * limits.MIB
    peer.send(Ping(2))
    close = peer.close_seen()
    assert close is not None
    assert close.code == CloseCode.OVERLOADED


async def test_a_reason_is_cut_between_characters(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.websocket.close(CloseCode.INTERNAL, "ä" * 200)
    close = peer.close_seen()
    assert close is not None
    assert close.reason == "ä" * 60


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ws", {"Host": "localhost"}, 400),
        ("/other", {"Host": "localhost", "Sec-WebSocket-Protocol": "ptyd.v1"}, 404),
        ("/ws", {"Host": "localhost", "Sec-WebSocket-Protocol": "other"}, 400),
        ("/ws", {"Host": "evil", "Sec-WebSocket-Protocol": "ptyd.v1"}, 421),
        ("/ws", {"Host": "localhost", "Sec-WebSocket-Protocol": "other, ptyd.v1"}, 101),
        ("/ws?x=1", {"Host": "localhost", "Sec-WebSocket-Protocol": "ptyd.v1"}, 101),
        ("/ws", {"Host": "localhost", "Sec-WebSocket-Protocol": "ptyd.v1", "Sec-WebSocket-Version": "8"}, 400),
    ],
)
async def test_handshakes(office: Office, tmp_path: Any, path: str, headers: dict[str, str], status: int) -> None:
    websocket, transport = WebSocket(Door(UNIX_HOSTS, Logins(tmp_path), trusts_peer=True), office), NotebookTransport()
    websocket.connection_made(cast(Any, transport))
    values = {
        **{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
        **{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
    } | headers
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in values.items()), "", ""]
    websocket.data_received("\r\n".join(lines).encode())
    assert transport.written.startswith(b"HTTP/1.1 %d " % status)
    assert transport.has_written_eof == (status != 101)
    assert len(office.connections) == (status == 101)


def send_output(peer: Peer, data: bytes) -> None:
    peer.websocket.send_output(codec.encode_output_head(1, 5, len(data)), memoryview(data))


def received_by_kernel(peer: Peer) -> bytes:
    peer.transport.other_end.setblocking(False)
    data = b""
    try:
        while piece := peer.transport.other_end.recv(1 << 20):
            data += piece
    except BlockingIOError:
        return data
    return data


@pytest.mark.parametrize("length", [0, 1, 100, 125, 126, 60_000, 70_000])
async def test_output_goes_straight_to_the_socket(open_peer: Callable[[], Peer], length: int) -> None:
    peer = open_peer()
    send_output(peer, bytes(length))
    assert peer.transport.written == b""
    peer.transport.written = received_by_kernel(peer)
    assert peer.receive() == [Output(1, 5, bytes(length))]


async def test_output_waits_behind_what_waits(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.transport.buffered = 1
    send_output(peer, b"later")
    assert received_by_kernel(peer) == b""
    assert peer.receive() == [Output(1, 5, b"later")]


async def test_what_the_socket_does_not_take_is_kept(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    data = bytes(range(256)) * 1024
    total = 0
    while not peer.transport.written:
        send_output(peer, data)
        total += 1
    peer.transport.written = received_by_kernel(peer) + peer.transport.written
    assert peer.receive() == [Output(1, 5, data)] * total


async def test_no_output_to_a_socket_that_is_gone(open_peer: Callable[[], Peer]) -> None:
    peer = open_peer()
    peer.transport.other_end.close()
    send_output(peer, b"lost")
    assert peer.transport.written == b""
