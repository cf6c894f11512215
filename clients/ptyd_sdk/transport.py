"""Opens WebSockets to a daemon, wherever it is, and says in our own words why that fails."""

import asyncio
import ipaddress
import socket
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.version import SUBPROTOCOL
from websockets.asyncio.client import ClientConnection as WebSocket
from websockets.asyncio.client import connect as connect_websocket
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ptyd_sdk import discovery
from ptyd_sdk.errors import DaemonUnreachable, NotAuthenticated
from ptyd_sdk.peer import connect_to_own

OPEN_TIMEOUT_SECONDS = 10
CLOSE_TIMEOUT_SECONDS = 2
"""What a closing handshake may take before the socket is dropped; nothing depends on it."""

MAX_QUEUED_MESSAGES = 64
"""What one read from the socket may hold. Credit bounds the bytes; this only saves pauses of the socket."""

_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}

BROKEN_WITHOUT_A_WORD = 1006


class Address(Struct, frozen=True):
    """Where a daemon listens: on a Unix socket (``path``), or at a URL."""

    url: str
    path: Path | None = None

    def __str__(self) -> str:
        return str(self.path or self.url)


def parse_address(text: str | None) -> Address:
    """``None`` (this user's daemon), ``unix:///path``, or ``http(s)://`` or ``ws(s)://host:port[/prefix]``.

    Raises:
        ValueError: it is none of these.
    """
    if text is None:
        return Address("ws://localhost/ws", discovery.socket_path())
    parts = urlsplit(text)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return Address("ws://localhost/ws", Path(parts.path))
    scheme = _WEBSOCKET_SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"not an address of a ptyd daemon: {text!r}")
    return Address(f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/ws")


class Refused(DaemonUnreachable):
    """Somebody answered, and said no: trying again would not help."""


async def open_websocket(address: Address, token: str | None) -> WebSocket:
    """A WebSocket to the daemon, before Hello.

    Raises:
        DaemonUnreachable: nobody listens, or not yet.
        Refused: it is no ptyd daemon, or the Host is not allowed.
        NotAuthenticated: the token is missing or wrong.
    """
    options: dict[str, Any] = {
        "subprotocols": [Subprotocol(SUBPROTOCOL)],
        "compression": None,
        "additional_headers": {"Authorization": f"Bearer {token}"} if token else None,
        "open_timeout": OPEN_TIMEOUT_SECONDS,
        "close_timeout": CLOSE_TIMEOUT_SECONDS,
        "ping_interval": limits.PING_INTERVAL_SECONDS,
        "ping_timeout": limits.DEAD_AFTER_SECONDS - limits.PING_INTERVAL_SECONDS,
        "max_size": limits.MAX_DAEMON_MESSAGE_BYTES,
        "max_queue": MAX_QUEUED_MESSAGES,
    }
    try:
        if address.path is not None:
            discovery.check_runtime_dir(address.path.parent)
            return await unix_connect(None, address.url, sock=await _connect_socket(address.path), **options)
        return await connect_websocket(address.url, proxy=_choose_proxy(address.url), **options)
    except InvalidStatus as error:
        raise _explain_status(address, error) from error
    except TimeoutError as error:
        raise DaemonUnreachable(f"the daemon at {address} does not answer") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DaemonUnreachable(f"no ptyd daemon answers at {address}: {reason}") from error
    except (ConnectionClosed, InvalidMessage) as error:
        # InvalidMessage: also what a connection that breaks in the middle of the handshake looks like.
        raise DaemonUnreachable(f"the daemon at {address} went away at once: {error}") from error
    except WebSocketException as error:
        raise Refused(f"what answers at {address} is no ptyd daemon: {error}") from error


async def _connect_socket(path: Path) -> socket.socket:
    """To a daemon of this very user."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        try:
            connect_to_own(sock, str(path))
        except BlockingIOError:  # too many wait at the door: the loop must not
            sock.settimeout(OPEN_TIMEOUT_SECONDS)
            await asyncio.to_thread(connect_to_own, sock, str(path))
            sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _explain_status(address: Address, error: InvalidStatus) -> DaemonUnreachable | NotAuthenticated:
    status = error.response.status_code
    text = (error.response.body or b"").decode(errors="replace").strip()[:200]
    if status == HTTPStatus.UNAUTHORIZED:
        return NotAuthenticated(f"the daemon at {address} does not accept the token")
    kind = DaemonUnreachable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Refused
    return kind(f"the daemon at {address} answers with HTTP status {status}: {text}")


def _choose_proxy(url: str) -> Literal[True] | None:
    """The system's proxy, but never for this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host == "localhost"
    return None if is_local else True


def find_close_code(closed: ConnectionClosed) -> tuple[int, str]:
    """Why the daemon closed: its close code and reason, 1006 where it did not say."""
    if closed.rcvd is not None:
        return closed.rcvd.code, closed.rcvd.reason
    return BROKEN_WITHOUT_A_WORD, "the connection broke"


def explain_close(code: int, reason: str) -> str:
    """A close code in words for people."""
    name = CloseCode(code).name.replace("_", " ").lower() if code in set(CloseCode) else f"close code {code}"
    return f"{name}: {reason}" if reason else name
