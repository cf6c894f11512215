"""Frames that no client of ours sends: too large, in a million pieces, broken, compressed."""

import contextlib
from collections.abc import Iterator

import psutil
import pytest
from ptyd_protocol import codec
from ptyd_protocol.messages import Ping
from websockets.frames import Frame, Opcode

from tests.daemon.client import connected
from tests.daemon.raw_peer import RawPeer
from tests.support.daemon import PtydUnderTest, running_ptyd

MOST_GROWTH_BYTES = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


@pytest.fixture
def peer(ptyd: PtydUnderTest) -> Iterator[RawPeer]:
    """Afterwards the daemon still serves others, is the same, and is no larger."""
    process = psutil.Process(ptyd.daemon_pid())
    before = process.memory_info().rss
    peer = RawPeer(ptyd.sock_path)
    peer.hello()
    yield peer
    peer.close()
    with connected(ptyd.sock_path) as client:
        assert client.request("status")["daemon_pid"] == process.pid
    assert process.memory_info().rss - before < MOST_GROWTH_BYTES


def send_all(peer: RawPeer, data: bytes) -> None:
    """As much as it takes: it may close in the middle."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        peer.socket.sendall(data)


def masked(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    return Frame(Opcode(opcode), payload, fin).serialize(mask=True)


def test_a_message_in_fragments_with_pings_between(peer: RawPeer) -> None:
    data = codec.encode(Ping(7))
    for at, byte in enumerate(data):
        send_all(peer, masked(2 if at == 0 else 0, bytes([byte]), at == len(data) - 1) + masked(9, b"between"))
    frames = [peer.receive() for _ in range(len(data) + 1)]
    assert sum(frame.opcode is Opcode.PONG for frame in frames) == len(data)
    assert sum(frame.opcode is Opcode.BINARY for frame in frames) == 1


@pytest.mark.parametrize("payload", [b"", b"x"], ids=["empty", "one byte"])
def test_a_message_in_endless_fragments(peer: RawPeer, payload: bytes) -> None:
    send_all(peer, masked(2, payload, False) + masked(0, payload, False) * 10_000)
    assert peer.close_code() == 1008


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x82\xff" + (2**62).to_bytes(8, "big") + bytes(4), 1009),
        (b"\x82\xff" + (1024 * 1024 + 1).to_bytes(8, "big") + bytes(4), 1009),
        (b"\x82\xff" + (2**63).to_bytes(8, "big") + bytes(4), 1009),
        (b"\x82\x01x", 1002),  # not masked
        (b"\xc2\x81" + bytes(4) + b"x", 1002),  # "compressed": no extension was agreed on
        (b"\xa2\x81" + bytes(4) + b"x", 1002),
        (b"\x83\x81" + bytes(4) + b"x", 1002),  # opcodes that there are not
        (b"\x8f\x80" + bytes(4), 1002),
        (b"\x09\x80" + bytes(4), 1002),  # a ping in fragments
        (b"\x89\xfe\x00\x7e" + bytes(4 + 126), 1002),  # a ping too long
        (b"\x80\x81" + bytes(4) + b"x", 1002),  # the end of nothing
        (b"\x02\x81" + bytes(4) + b"x\x82\x81" + bytes(4) + b"x", 1002),  # a message within a message
        (b"\x81\x82" + bytes(4) + b"\xc3\x28", 1003),  # text, and not even UTF-8
        (b"\x88\x81" + bytes(4) + b"x", 1002),  # a close of one byte
        (b"\x88\x84" + bytes(4) + b"\x03\xe8\xc3\x28", 1007),
    ],
    ids=lambda value: value.hex()[:24] if isinstance(value, bytes) else str(value),
)
def test_broken_frames(peer: RawPeer, data: bytes, code: int) -> None:
    send_all(peer, data)
    assert peer.close_code() == code


def test_fragments_that_are_too_large_together(peer: RawPeer) -> None:
    piece = bytes(64 * 1024)
    send_all(peer, masked(2, piece, False) + masked(0, piece, False) * 17)
    assert peer.close_code() == 1009


def test_pings_whose_pongs_nobody_reads(peer: RawPeer) -> None:
    """The daemon keeps no more pongs than MAX_UNSENT_BYTES; to read more slowly is enough."""
    peer.socket.settimeout(2.0)
    pings = masked(9, bytes(125)) * 1000
    try:
        for _ in range(600):  # 75 MB
            peer.socket.sendall(pings)
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        pass
