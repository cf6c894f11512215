"""What a peer does to its connection, on the socket itself: it hurts that connection and no other."""

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ptyd_protocol import codec, limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.messages import Ack, Attach, Detach, Hello, Input, Output, Ping, Pong, Request
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode

from tests.daemon.client import Client, connected, make_client_id
from tests.daemon.conftest import Connect, Create
from tests.daemon.raw_peer import RawPeer
from tests.protocol.strategies import CLIENT_MESSAGES, build_message
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until


@pytest.fixture
def raw(ptyd: PtydUnderTest) -> Iterator[RawPeer]:
    peer = RawPeer(ptyd.sock_path)
    yield peer
    peer.close()


@pytest.fixture
def bystander(client: Client, create: Create, ptyd: PtydUnderTest) -> Iterator[Client]:
    """Another connection, which must notice nothing; nor may there be an error in the log."""
    client.attach(1, create("cat")["id"])
    client.type(1, 1, b"before\r")
    client.read_until(1, b"before\r\nbefore\r\n")
    yield client
    client.type(1, 2, b"after\r")
    client.read_until(1, b"after\r\nafter\r\n")
    log = (ptyd.runtime_dir / "daemon.log").read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log


PING = codec.encode(Ping(7))


# --- messages


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", 1008),
        (b"\xc1", 1008),
        (PING + b"\x00", 1008),
        (PING[:-1], 1008),
        (codec.encode(Pong(7)), None),  # the other direction's: ignored
        (b"\x91\x3f", None),  # unknown
        (b"\x91" * 5000, 1008),
        (codec.encode(Request(1, "list")), None),
        (codec.encode(Hello([1], "again", "client-0123456789")), 1008),
        (codec.encode(Ack(1, 0)), 1008),
        (codec.encode(Input(1, 1, b"x")), 1008),
        (codec.encode(Detach(1)), 1008),
        (codec.encode(Attach(1, "", "control", 80, 24, epoch=1)), 1008),
        (bytes(limits.MAX_CLIENT_MESSAGE_BYTES + 1), 1009),
    ],
)
def test_messages(raw: RawPeer, bystander: Client, data: bytes, code: int | None) -> None:
    raw.hello()
    raw.send_frame(Opcode.BINARY, data)
    if code is None:
        raw.send_frame(Opcode.BINARY, PING)
        while raw.receive().data != codec.encode(Pong(7)):
            pass
    else:
        assert raw.close_code() == code


@pytest.mark.parametrize("hello", [False, True])
@pytest.mark.parametrize("fin", [False, True])
def test_text(raw: RawPeer, bystander: Client, hello: bool, fin: bool) -> None:
    if hello:
        raw.hello()
    raw.send_frame(Opcode.TEXT, b"hello", fin=fin)
    assert raw.close_code() == CloseCode.NOT_BINARY


def test_first_message_is_not_hello(raw: RawPeer, bystander: Client) -> None:
    raw.send_frame(Opcode.BINARY, PING)
    assert raw.close_code() == CloseCode.BAD_MESSAGE


def test_no_common_version(raw: RawPeer, bystander: Client) -> None:
    raw.send_frame(Opcode.BINARY, codec.encode(Hello([2, 3], "future/1", make_client_id())))
    frame = raw.receive()
    close = Close.parse(bytes(frame.data))
    assert (close.code, close.reason) == (CloseCode.UNSUPPORTED_VERSION, "this daemon speaks version 1")


def test_a_reason_is_given_and_fits(raw: RawPeer) -> None:
    raw.hello()
    raw.send_frame(Opcode.BINARY, b"\x93\x02\x01" + b"\xd9\xff" + "é".encode() * 127 + b"\xc3")
    close = Close.parse(bytes(raw.receive().data))
    assert close.code == CloseCode.BAD_MESSAGE
    assert close.reason


# --- frames


@pytest.mark.parametrize("cuts", [1, 2, 5])
def test_fragments_are_one_message(raw: RawPeer, cuts: int) -> None:
    raw.hello()
    pieces = [PING[index : index + cuts] for index in range(0, len(PING), cuts)]
    for number, piece in enumerate(pieces):
        opcode = Opcode.CONT if number else Opcode.BINARY
        raw.send_frame(opcode, piece, fin=number == len(pieces) - 1)
        raw.send_frame(Opcode.PING, b"in between")
    received = [bytes(raw.receive().data) for _ in range(len(pieces) + 1)]
    assert received.count(b"in between") == len(pieces)
    assert codec.encode(Pong(7)) in received


def test_fragments_over_the_limit_together(raw: RawPeer, bystander: Client) -> None:
    raw.hello()
    with contextlib.suppress(BrokenPipeError):
        raw.send_frame(Opcode.BINARY, bytes(600_000), fin=False)
        raw.send_frame(Opcode.CONT, bytes(600_000))
    assert raw.close_code() == CloseCode.TOO_BIG


def test_the_largest_message_is_taken(raw: RawPeer) -> None:
    raw.hello()
    filling = limits.MAX_CLIENT_MESSAGE_BYTES - len(codec.encode(Request(1, "fly", {"x": b""}))) - 3
    data = codec.encode(Request(1, "fly", {"x": bytes(filling)}))
    assert len(data) == limits.MAX_CLIENT_MESSAGE_BYTES
    raw.send_frame(Opcode.BINARY, data)
    assert raw.receive().opcode is Opcode.BINARY


@pytest.mark.parametrize(
    "frame",
    [
        b"\x82\x01x",  # not masked
        b"\xf2\x80abcd",  # reserved bits
        b"\x83\x80abcd",  # an opcode that there is not
        b"\x80\x80abcd",  # a continuation of nothing
        b"\x89\xfe\x00\xff" + b"abcd" + bytes(255),  # a ping that is too long
        b"\x09\x80abcd",  # a ping in fragments
    ],
)
def test_what_is_no_frame(raw: RawPeer, bystander: Client, frame: bytes) -> None:
    raw.hello()
    raw.socket.sendall(frame)
    assert raw.close_code() == 1002


def test_websocket_ping(raw: RawPeer) -> None:
    raw.send_frame(Opcode.PING, b"payload")
    frame = raw.receive()
    assert (frame.opcode, bytes(frame.data)) == (Opcode.PONG, b"payload")


def test_closing_is_answered(raw: RawPeer) -> None:
    raw.hello()
    raw.send_frame(Opcode.CLOSE, Close(1000, "done").serialize())
    assert raw.close_code() == 1000
    assert raw.socket.recv(1) == b""


# --- going without a word


@pytest.mark.parametrize("cut", ["now", "in a frame", "in a message", "half closed"])
def test_a_peer_that_vanishes(ptyd: PtydUnderTest, bystander: Client, create: Create, cut: str) -> None:
    """While output is on its way to it; the bystander sees the same session."""
    info = create("sh", "-c", "while :; do echo tick; sleep 0.001; done")
    bystander.attach(2, info["id"], role="observe")
    for _ in range(5):
        raw = RawPeer(ptyd.sock_path)
        raw.hello()
        raw.send_frame(Opcode.BINARY, codec.encode(Attach(1, info["id"], "control", 90, 30)))
        while not isinstance(codec.decode_daemon_message(bytes(raw.receive().data)), Output):
            pass
        if cut == "in a frame":
            raw.socket.sendall(Frame(Opcode.BINARY, bytes(1000)).serialize(mask=True)[:500])
        elif cut == "in a message":
            raw.send_frame(Opcode.BINARY, bytes(1000), fin=False)
        elif cut == "half closed":
            raw.socket.shutdown(socket.SHUT_WR)
            while raw.socket.recv(1 << 20):
                pass
        raw.close()
    seen = bystander.next_offset[2]
    while bystander.next_offset[2] < seen + 200:
        bystander.receive()
    wait_until(lambda: bystander.request("get", session=info["id"])["clients"] == 1)


def test_a_reset_over_tcp(ptyd: PtydUnderTest, bystander: Client) -> None:
    place = ptyd.request("listen")
    token = ptyd.request("access_token")["token"]
    for _ in range(5):
        with socket.create_connection((place["host"], place["port"])) as sock:
            sock.sendall(
                b"GET /ws HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Sec-WebSocket-Protocol: ptyd.v1\r\nAuthorization: Bearer %s\r\n\r\n"
                % (place["host"].encode(), place["port"], token.encode())
            )
            assert sock.recv(12) == b"HTTP/1.1 101"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_the_same_client_again(connect: Connect, create: Create) -> None:
    """The older connection is closed; what it had attached is free at once."""
    info = create("cat")
    first = connect()
    first.attach(1, info["id"])
    second = connect(client_id=first.client_id)
    assert first.wait_close() == (4009, "this client has connected again")
    attached = second.attach(1, info["id"])
    assert attached.yours
    assert second.request("get", session=info["id"])["clients"] == 1


def test_channels_of_a_connection_are_limited(client: Client, create: Create) -> None:
    info = create("cat")
    for channel in range(1, limits.MAX_CHANNELS + 1):
        client.attach(channel, info["id"], role="observe")
    client.send(Attach(limits.MAX_CHANNELS + 1, info["id"], "observe", 80, 24))
    assert client.wait_close()[0] == CloseCode.BAD_MESSAGE


# --- anything at all


def assert_judged(client: Client, send: Callable[[], object], codes: set[int]) -> None:
    """Send: the connection lives on, or the daemon closes it with one of ``codes``."""
    try:
        send()
        client.ping()
    except ConnectionClosed:
        assert client.wait_close()[0] in codes


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.binary(max_size=40), min_size=1, max_size=4))
def test_any_bytes(ptyd: PtydUnderTest, data: list[bytes]) -> None:
    with connected(ptyd.sock_path) as client:
        assert_judged(client, lambda: [client.socket.send(message) for message in data], {1008, 1009})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.one_of([build_message(cls) for cls in CLIENT_MESSAGES]), min_size=1, max_size=8))
def test_any_messages(ptyd: PtydUnderTest, messages: list[Any]) -> None:
    with connected(ptyd.sock_path) as client:
        assert_judged(client, lambda: [client.send(message) for message in messages], {1008, 4002})


def test_after_all_that(ptyd: PtydUnderTest, client: Client) -> None:
    """The same daemon as at the beginning, and no complaint of its."""
    assert client.request("status")["restarts"] == 0
    log = (ptyd.runtime_dir / "daemon.log").read_text()
    assert "Traceback" not in log
