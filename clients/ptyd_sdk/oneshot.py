"""One request, one answer, without a WebSocket: for programs that ask one thing and end.

Imports neither asyncio nor websockets, http.client nor ssl: ``ptyd ls`` has to feel instant.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct
from ptyd_protocol.codec import decode_daemon_message, decode_result, encode, params_to_map
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import Failure, Reply, Request

from ptyd_sdk import discovery
from ptyd_sdk.address import Address, Target, find_target
from ptyd_sdk.errors import ConnectionLost, DaemonUnreachable, NotAuthenticated, TimedOut, make_failure
from ptyd_sdk.post_unix import BadAnswer, UnixPoster

if TYPE_CHECKING:
    from ptyd_sdk.post_tcp import TcpPoster

CONTENT_TYPE = "application/msgpack"

OK = 200
UNAUTHORIZED = 401


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
    if status != OK:
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


def _open(address: Address, timeout: float | None) -> "UnixPoster | TcpPoster":
    if address.path is not None:
        discovery.check_runtime_dir(address.path.parent)
        return UnixPoster(address.path, timeout)
    from ptyd_sdk.post_tcp import TcpPoster  # noqa: PLC0415 - not on the way of quick programs

    return TcpPoster(address, timeout)


def _post(target: Target, body: bytes, timeout: float | None) -> tuple[int, bytes]:
    address = target.address
    headers = {"Content-Type": CONTENT_TYPE}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    poster = _open(address, timeout)
    try:
        try:
            poster.connect()
        except OSError as error:
            raise DaemonUnreachable(f"no ptyd daemon answers at {address}: {error.strerror or error}") from error
        try:
            return poster.post(f"{urlsplit(address.base_url).path}/api/request", headers, body)
        except TimeoutError as error:
            raise TimedOut("timeout", f"the daemon did not answer within {timeout:g} s") from error
        except (OSError, BadAnswer) as error:
            raise ConnectionLost(f"the daemon went away before it answered: {error}") from error
    finally:
        poster.close()


def _refusal(status: int, body: bytes) -> Exception:
    text = body.decode(errors="replace").strip()
    if status == UNAUTHORIZED:
        return NotAuthenticated(text or "the daemon does not accept the credentials")
    return DaemonUnreachable(f"the daemon answered with HTTP status {status}: {text}")
