"""Opens WebSockets to a daemon, wherever it is, and says in our own words why that fails."""

import asyncio
import socket
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.version import SUBPROTOCOL
from websockets.asyncio.client import ClientConnection as WebSocket
from websockets.asyncio.client import connect as connect_websocket
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ptyd_sdk import discovery
from ptyd_sdk.address import Address, check_certificate, explain_untrusted, is_loopback, make_tls_context
from ptyd_sdk.errors import DaemonUnreachable, NotAuthenticated, NotTrusted
from ptyd_sdk.peer import connect_to_own

OPEN_TIMEOUT_SECONDS = 10
CLOSE_TIMEOUT_SECONDS = 2
"""What a closing handshake may take before the socket is dropped; nothing depends on it."""

MAX_QUEUED_MESSAGES = 64
"""What one read from the socket may hold. Credit bounds the bytes; this only saves pauses of the socket."""

BROKEN_WITHOUT_A_WORD = 1006


class _Connect(connect_websocket):
    """Follows no redirect: a token goes to the address that was named, or nowhere."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


def _make_pinned_class(address: Address) -> type[WebSocket]:
    class PinnedWebSocket(WebSocket):
        """Looks at the certificate before the first byte of the handshake, which holds the token."""

        async def handshake(self, *arguments: Any, **named: Any) -> None:
            shown = self.transport.get_extra_info("ssl_object")
            try:
                check_certificate(address, shown.getpeercert(binary_form=True))
            except NotTrusted:
                self.transport.abort()
                raise
            await super().handshake(*arguments, **named)

    return PinnedWebSocket


class Refused(DaemonUnreachable):
    """Somebody answered, and said no: trying again would not help."""


async def open_websocket(address: Address, token: str | None) -> WebSocket:
    """A WebSocket to the daemon, before Hello.

    Raises:
        DaemonUnreachable: nobody listens, or not yet.
        Refused: it is no ptyd daemon, or the Host is not allowed.
        NotAuthenticated: the token is missing or wrong.
        NotTrusted: its certificate is not the right one.
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
        if address.is_tls:
            options |= {"ssl": make_tls_context(address), "create_connection": _make_pinned_class(address)}
        return await _Connect(address.url, proxy=_choose_proxy(address.url), **options)
    except ssl.SSLCertVerificationError as error:
        raise explain_untrusted(address, error) from error
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
    return None if is_loopback(urlsplit(url).hostname or "") else True


def find_close_code(closed: ConnectionClosed) -> tuple[int, str]:
    """Why the daemon closed: its close code and reason, 1006 where it did not say."""
    if closed.rcvd is not None:
        return closed.rcvd.code, closed.rcvd.reason
    return BROKEN_WITHOUT_A_WORD, "the connection broke"


def explain_close(code: int, reason: str) -> str:
    """A close code in words for people."""
    name = CloseCode(code).name.replace("_", " ").lower() if code in set(CloseCode) else f"close code {code}"
    return f"{name}: {reason}" if reason else name
