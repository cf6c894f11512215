"""Messages that are small, and want to be large: in memory, in depth, in time."""

import gzip
import itertools
from collections.abc import Iterator

import psutil
import pytest
from ptyd_protocol.codec import encode
from ptyd_protocol.messages import Request
from websockets.frames import Opcode

from tests.daemon.client import connected
from tests.daemon.raw_peer import RawPeer
from tests.support.daemon import REQUEST_HEADERS, PtydUnderTest, UnixHttpConnection, running_ptyd

MOST_GROWTH_BYTES = 64 * 1024 * 1024
ROOM = 1024 * 1024 - 64
LIST = b"\x94\x02\x01\xa4list"
"""A Request up to its parameters."""


def colliding_keys(count: int) -> bytes:
    """Different arrays that all have one hash in Python, as the keys of a map."""
    arrays = itertools.islice(itertools.product((b"\xff", b"\xfe"), repeat=15), count)
    return b"\xdf" + count.to_bytes(4, "big") + b"".join(b"\x9f" + b"".join(array) + b"\xc0" for array in arrays)


BOMBS = {
    "deep arrays": LIST + b"\x81\xa1x" + b"\x91" * ROOM,
    "deep maps": LIST + b"\x81\xa1x" + b"\x81\xa1x" * (ROOM // 3),
    "deep, with an unknown code": b"\x92\x7f" + b"\x91" * ROOM,
    "array of 4 billion": LIST + b"\x81\xa1x\xdd\xff\xff\xff\xff",
    "map of 4 billion": LIST + b"\xdf\xff\xff\xff\xff",
    "text of 4 GiB": LIST + b"\x81\xa1x\xdb\xff\xff\xff\xffx",
    "bytes of 4 GiB": b"\x94\x04\x01\x01\xc6\xff\xff\xff\xffx",
    "extension of 4 GiB": LIST + b"\x81\xa1x\xc9\xff\xff\xff\xff\x05x",
    "a million values": LIST + b"\x81\xa1x\xdd" + (ROOM - 16).to_bytes(4, "big") + bytes(ROOM - 16),
    "keys that collide": LIST + b"\x81\xa1x" + colliding_keys(30_000),
    "keys that collide, in another message": b"\x94\x03\x01\xa4list\x81\xa1x" + colliding_keys(30_000),
}


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        process = psutil.Process(ptyd.daemon_pid())
        before = process.memory_info().rss
        yield ptyd
        assert process.memory_info().rss - before < MOST_GROWTH_BYTES
        assert ptyd.daemon_pid() == process.pid


@pytest.mark.parametrize("name", BOMBS)
def test_on_the_websocket(ptyd: PtydUnderTest, name: str) -> None:
    peer = RawPeer(ptyd.sock_path)
    peer.hello()
    busy = psutil.Process(ptyd.daemon_pid()).cpu_times().user
    peer.send_frame(Opcode.BINARY, BOMBS[name])
    if name == "deep, with an unknown code":
        peer.send_frame(Opcode.BINARY, b"")  # what is unknown is passed over, if it is well-formed
    assert peer.close_code() == 1008
    peer.close()
    with connected(ptyd.sock_path) as client:
        client.request("status")
    # The daemon's own time: that of a loaded machine is another matter.
    assert psutil.Process(ptyd.daemon_pid()).cpu_times().user - busy < 2.0


@pytest.mark.parametrize("name", BOMBS)
def test_by_http(ptyd: PtydUnderTest, name: str) -> None:
    connection = UnixHttpConnection(ptyd.sock_path)
    connection.request("POST", "/api/request", BOMBS[name], REQUEST_HEADERS)
    assert connection.getresponse().status == 400
    connection.close()


def test_compressed_bodies_are_not_unpacked(ptyd: PtydUnderTest) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    connection = UnixHttpConnection(ptyd.sock_path)
    connection.request("POST", "/api/request", bomb, {**REQUEST_HEADERS, "Content-Encoding": "gzip"})
    assert connection.getresponse().status == 400
    connection.close()


def test_compression_is_not_agreed_on(ptyd: PtydUnderTest) -> None:
    connection = UnixHttpConnection(ptyd.sock_path)
    connection.request(
        "GET",
        "/ws",
        headers={
            "Host": "localhost",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": "ptyd.v1",
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        },
    )
    response = connection.getresponse()
    assert response.status == 101
    assert response.getheader("Sec-WebSocket-Extensions") is None
    connection.close()


def test_a_body_that_is_too_large(ptyd: PtydUnderTest) -> None:
    connection = UnixHttpConnection(ptyd.sock_path)
    connection.request("POST", "/api/request", encode(Request(1, "list")) + bytes(2 * 1024 * 1024), REQUEST_HEADERS)
    assert connection.getresponse().status == 400
    connection.close()
