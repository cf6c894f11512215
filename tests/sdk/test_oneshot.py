"""One request without a WebSocket, on a real daemon and on sockets that misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from ptyd_protocol.codec import encode
from ptyd_protocol.daemon import StatusResult
from ptyd_protocol.messages import Pong, Reply
from ptyd_protocol.sessions import CreateParams
from ptyd_sdk import ConnectionLost, DaemonUnreachable, NoSuchSession, NotAuthenticated, TimedOut
from ptyd_sdk.oneshot import request

from tests.support.daemon import PtydUnderTest, running_ptyd


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


def test_asks_a_daemon(ptyd: PtydUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_DIR", str(ptyd.runtime_dir))
    status = request("status")
    assert isinstance(status, StatusResult) and status.runtime_dir == str(ptyd.runtime_dir)
    info = request("create", CreateParams(argv=["sleep", "600"], name="nap"))
    # What it uses is looked at when it is asked for.
    assert replace(request("get", {"session": "nap"}), usage=None) == replace(info, usage=None)
    assert [one.name for one in request("list")] == ["nap"]
    with pytest.raises(NoSuchSession):
        request("get", {"session": "nobody"})
    with pytest.raises(TimedOut):
        request("wait", {"session": "nap", "until": "exit", "timeout_seconds": 0.05})
    with pytest.raises(TimedOut, match=r"within 0\.05 s"):
        request("wait", {"session": "nap", "until": "exit"}, timeout=0.05)
    request("kill", {"session": "nap"})


def test_nobody_there(runtime_dir: Path) -> None:
    with pytest.raises(DaemonUnreachable):
        request("list")
    with pytest.raises(DaemonUnreachable):
        request("list", runtime_dir=runtime_dir / "none")


@pytest.fixture
def answer_with(runtime_dir: Path) -> Iterator[Callable[[bytes], None]]:
    """Makes the next request be answered with these bytes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(runtime_dir / "ptyd.sock"))
    listener.listen()
    threads: list[threading.Thread] = []

    def serve(answer: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            request_bytes = b""
            while b"list" not in request_bytes:  # which comes in the body
                request_bytes += connection.recv(65536)
            connection.sendall(answer)

    def start(answer: bytes) -> None:
        threads.append(threading.Thread(target=serve, args=(answer,)))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()
    listener.close()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", ConnectionLost),
        (b"what?\r\n\r\n", ConnectionLost),
        (b"HTTP/1.1 200 OK\r\n\r\nhow long?", ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, ConnectionLost),
        (http(b"not MessagePack \xc1"), ConnectionLost),
        (http(encode(Pong(1))), ConnectionLost),
        (http(encode(Reply(1, "no list"))), ConnectionLost),
        (http(b"who are you", "401 Unauthorized"), NotAuthenticated),
        (http(b"no", "421 Misdirected Request"), DaemonUnreachable),
    ],
)
def test_answers_that_make_no_sense(
    answer_with: Callable[[bytes], None], answer: bytes, error: type[Exception]
) -> None:
    answer_with(answer)
    with pytest.raises(error):
        request("list")
