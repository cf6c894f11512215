"""One request, one answer, without a WebSocket: for programs that ask one thing and end.

Imports neither asyncio nor websockets: ``ptyd ls`` has to feel instant.
"""

import contextlib
import http.client
import os
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from ptyd_protocol.codec import decode_daemon_message, decode_result, encode, params_to_map
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import Failure, Reply, Request

from ptyd_sdk import discovery
from ptyd_sdk.address import (
    Address,
    Target,
    check_certificate,
    explain_untrusted,
    find_target,
    is_loopback,
    make_tls_context,
)
from ptyd_sdk.errors import ConnectionLost, DaemonUnreachable, NotAuthenticated, NotTrusted, TimedOut, make_failure
from ptyd_sdk.peer import connect_to_own

CONTENT_TYPE = "application/msgpack"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        connect_to_own(self.sock, str(self._path))


class _TlsConnection(http.client.HTTPSConnection):
    """Looks at the certificate before anything is sent."""

    def __init__(self, host: str, timeout: float | None, address: Address) -> None:
        super().__init__(host, timeout=timeout, context=make_tls_context(address))
        self._address = address

    def connect(self) -> None:
        super().connect()
        try:
            check_certificate(self._address, self.sock.getpeercert(True))
        except NotTrusted:
            self.close()
            raise


def request(
    method: str,
    params: Struct | dict[str, Any] | None = None,
    *,
    runtime_dir: Path | None = None,
    timeout: float | None = 30.0,
    target: Target | None = None,
) -> Any:
    """Ask for ``method``; the result has the type that ``ptyd_protocol.methods`` names.

    Asked is the daemon of ``runtime_dir``, or that of ``target`` (``ptyd_sdk.address.find_target`` makes one of a URL),
    or this process' chosen one, which is this user's own if nobody has said otherwise. ``timeout`` in seconds counts
    for each step (connect, send, wait for the answer); None: wait for ever.

    Raises:
        DaemonUnreachable: no daemon answers.
        NotTrusted: its certificate is not the right one.
        ConnectionLost: it went away before it answered.
        RequestFailed: it refused, with ``code`` and ``message``.
        TimedOut: no answer in time.
    """
    if runtime_dir is not None:
        target = Target(Address("ws://localhost/ws", discovery.socket_path(runtime_dir)))
    target = target or find_target()
    fields = params_to_map(params) if isinstance(params, Struct) else params or {}
    status, body = _post(target, encode(Request(1, method, fields)), timeout)
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


def _open(target: Target, timeout: float | None) -> http.client.HTTPConnection:
    address = target.address
    if address.path is not None:
        discovery.check_runtime_dir(address.path.parent)
        return _UnixConnection(address.path, timeout)
    host = urlsplit(address.url).netloc
    proxy = _find_proxy(address)
    connection = (
        _TlsConnection(proxy or host, timeout, address)
        if address.is_tls
        else http.client.HTTPConnection(proxy or host, timeout=timeout)
    )
    if proxy:
        connection.set_tunnel(host)
    return connection


def _find_proxy(address: Address) -> str | None:
    """HOST:PORT of the proxy that leads out of this network, if the environment names one; never to this machine."""
    parts = urlsplit(address.base_url)
    if is_loopback(parts.hostname or "") or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - seldom needed

    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return urlsplit(proxy).netloc.rpartition("@")[2]


def _post(target: Target, body: bytes, timeout: float | None) -> tuple[int, bytes]:
    address = target.address
    headers = {"Content-Type": CONTENT_TYPE}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    connection = _open(target, timeout)
    try:
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise explain_untrusted(address, error) from error
        except OSError as error:
            raise DaemonUnreachable(f"no ptyd daemon answers at {address}: {error.strerror or error}") from error
        try:
            # A daemon that refuses at the headers may answer and close before it has read the body.
            with contextlib.suppress(BrokenPipeError):
                connection.request("POST", f"{urlsplit(address.base_url).path}/api/request", body, headers)
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
