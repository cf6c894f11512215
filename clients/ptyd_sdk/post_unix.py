"""One POST over the daemon's Unix socket.

Not by http.client: to import that, with what it needs for mails and TLS, takes a fifth of the time of ``ptyd ls``.
"""

import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path

from ptyd_sdk.peer import connect_to_own

_READ_BYTES = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"
MAX_HEAD_BYTES = 64 * 1024


class BadAnswer(Exception):
    """What came is no whole answer in HTTP."""


class UnixPoster:
    """A connection for one request. ``timeout`` in seconds counts for each step."""

    def __init__(self, path: Path, timeout: float | None) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)

    def connect(self) -> None:
        """Raises OSError: nobody listens. DaemonUnreachable: somebody else does."""
        connect_to_own(self._socket, str(self._path))

    def post(self, route: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer.

        Raises:
            OSError, BadAnswer: it did not come, or not whole.
        """
        fields = {"Host": "localhost", "Connection": "close", "Content-Length": str(len(body)), **headers}
        lines = [f"POST {route} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        # A daemon that refuses at the headers may answer and close before it has read the body.
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall("\r\n".join(lines).encode("latin-1") + _END_OF_HEAD + body)
        return _read_answer(self._socket)

    def close(self) -> None:
        self._socket.close()


def _read_answer(sock: socket.socket) -> tuple[int, bytes]:
    received = b""
    while _END_OF_HEAD not in received:
        if len(received) > MAX_HEAD_BYTES:
            raise BadAnswer("its head has no end")
        received += _receive(sock)
    head, _, first = received.partition(_END_OF_HEAD)
    status, length = _parse_head(head)
    parts, missing = [first], length - len(first)
    while missing > 0:
        parts.append(_receive(sock))
        missing -= len(parts[-1])
    return status, b"".join(parts)[:length]


def _receive(sock: socket.socket) -> bytes:
    data = sock.recv(_READ_BYTES)
    if not data:
        raise BadAnswer("it ended too soon")
    return data


def _parse_head(head: bytes) -> tuple[int, int]:
    """The status, and the length of the body, which the daemon always says."""
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    version, _, rest = first.partition(" ")
    status, length = rest[:3], fields.get("content-length", "")
    if not version.startswith("HTTP/1.") or not status.isdecimal() or not length.isdecimal():
        raise BadAnswer(f"its head begins with {first[:80]!r}")
    return int(status), int(length)
