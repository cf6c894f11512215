"""One request, one answer, without a WebSocket: for programs that ask one thing and end.

Imports neither asyncio nor websockets: ``ptyd ls`` has to feel instant.
"""

import contextlib
import http.client
import socket
from pathlib import Path
from typing import Any

from msgspec import Struct
from ptyd_protocol.codec import decode_daemon_message, decode_result, encode, params_to_map
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import Failure, Reply, Request

from ptyd_sdk import discovery
from ptyd_sdk.errors import ConnectionLost, DaemonUnreachable, NotAuthenticated, TimedOut, make_failure
from ptyd_sdk.peer import connect_to_own

HEADERS = {"Host": "localhost", "Content-Type": "application/msgpack"}


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        connect_to_own(self.sock, str(self._path))


def request(
    method: str,
    params: Struct | dict[str, Any] | None = None,
    *,
    runtime_dir: Path | None = None,
    timeout: float | None = 30.0,
) -> Any:
    """Ask this user's daemon for ``method``; the result has the type that ``ptyd_protocol.methods`` names.

    ``timeout`` in seconds counts for each step (connect, send, wait for the answer); None: wait for ever.

    Raises:
        DaemonUnreachable: no daemon answers.
        ConnectionLost: it went away before it answered.
        RequestFailed: it refused, with ``code`` and ``message``.
        TimedOut: no answer in time.
    """
    directory = runtime_dir or discovery.runtime_dir()
    discovery.check_runtime_dir(directory)
    fields = params_to_map(params) if isinstance(params, Struct) else params or {}
    status, body = _post(discovery.socket_path(directory), encode(Request(1, method, fields)), timeout)
    if status != http.client.OK:
        raise _refusal(status, body)
    try:
        answer = decode_daemon_message(body)
        if isinstance(answer, Reply):
            return decode_result(method, answer.result)
    except ProtocolError as error:
        raise ConnectionLost(f"the daemon answered {method} with something else: {error}") from error
    if isinstance(answer, Failure):
        raise make_failure(answer.code, answer.message)
    raise ConnectionLost(f"the daemon answered {method} with {type(answer).__name__}")


def _post(path: Path, body: bytes, timeout: float | None) -> tuple[int, bytes]:
    connection = _UnixConnection(path, timeout)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise DaemonUnreachable(f"no ptyd daemon answers at {path}: {error.strerror or error}") from error
        try:
            # A daemon that refuses at the headers may answer and close before it has read the body.
            with contextlib.suppress(BrokenPipeError):
                connection.request("POST", "/api/request", body, HEADERS)
            response = connection.getresponse()
            return response.status, response.read()
        except TimeoutError as error:
            raise TimedOut("timeout", f"the daemon did not answer within {timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionLost(f"the daemon went away before it answered: {error}") from error
    finally:
        connection.close()


def _refusal(status: int, body: bytes) -> Exception:
    text = body.decode(errors="replace").strip()
    if status == http.client.UNAUTHORIZED:
        return NotAuthenticated(text or "the daemon does not accept the credentials")
    return DaemonUnreachable(f"the daemon answered with HTTP status {status}: {text}")
