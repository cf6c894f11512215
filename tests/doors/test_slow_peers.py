"""Peers that take their time: each is let go, and nobody else notices."""

import contextlib
import itertools
import select
import socket
from collections.abc import Iterator

import pytest

from tests.daemon.client import connected
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import stretch_deadline, wait_until

REQUEST = b"POST /api/request HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
BEGINNINGS = {
    "silence": b"",
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "half a handshake": b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "half a body": REQUEST + b"Content-Length: 100\r\n\r\nabc",
    "half a chunk": REQUEST + b"Transfer-Encoding: chunked\r\n\r\n40\r\nabc",
}


class Slow:
    """Says its beginning, then now and then one byte more, for ever."""

    def __init__(self, port: int, beginning: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(beginning)
        self.socket.setblocking(False)

    def is_let_go(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            try:
                self.socket.send(b"x")
                return self.socket.recv(1000) == b""
            except (ConnectionResetError, BrokenPipeError):
                return True
        return False


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(
        PTYD_REQUEST_HEAD_SECONDS="0.5",
        PTYD_REQUEST_BODY_SECONDS="0.5",
        PTYD_MAX_STRANGERS="20",
        PTYD_MAX_STRANGERS_PER_ADDRESS="10",
        PTYD_MAX_FAILED_LOGINS_LOOPBACK="3",
    ) as ptyd:
        yield ptyd


def test_all_kinds_of_slowness(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    token = ptyd.request("access_token")["token"].encode()
    peers = {name: Slow(port, text % (port, token) if b"%" in text else text) for name, text in BEGINNINGS.items()}
    with connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"])
        client.attach(1, info["id"])
        gone: set[str] = set()

        def are_all_let_go() -> bool:
            gone.update(name for name in peers if name not in gone and peers[name].is_let_go())
            client.request("status")  # served meanwhile
            return len(gone) == len(peers)

        wait_until(are_all_let_go, 20.0, lambda: f"the end of {peers.keys() - gone}")
    for peer in peers.values():
        peer.socket.close()


def test_those_who_only_sit_there_keep_nobody_out(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    token = ptyd.request("access_token")["token"].encode()
    with contextlib.ExitStack() as stack:
        for number in range(60):
            stack.enter_context(
                socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.1.{1 + number % 6}", 0))
            )
        sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        sock.settimeout(stretch_deadline(10.0))
        sock.sendall(REQUEST % (port, token) + b"Content-Length: 0\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 400")  # let in: it is only no Request


def test_one_address_has_so_many_strangers(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    with contextlib.ExitStack() as stack:
        socks = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), source_address=("127.0.2.1", 0)))
            for _ in range(11)
        ]
        readable, _, _ = select.select(socks, [], [], stretch_deadline(5.0))
        assert readable and set(readable) <= set(socks)


def test_guessing_costs_waiting(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    token = ptyd.request("access_token")["token"].encode()

    def ask(credential: bytes, source: str = "127.0.3.1") -> bytes:
        with socket.create_connection(("127.0.0.1", port), source_address=(source, 0)) as sock:
            sock.settimeout(stretch_deadline(10.0))
            sock.sendall(REQUEST.replace(b"POST /api/request", b"GET /x") % (port, credential) + b"\r\n")
            return sock.recv(4096)

    for number in itertools.count():
        answer = ask(b"guess%d" % number)
        if answer.startswith(b"HTTP/1.1 429"):
            break
        assert answer.startswith(b"HTTP/1.1 401") and number < 10
    assert b"\r\nretry-after: " in answer
    assert ask(b"guess", source="127.0.3.2").startswith(b"HTTP/1.1 401")  # nobody else waits
    assert ask(token).startswith(b"HTTP/1.1 404")  # on loopback the owner is not locked out
