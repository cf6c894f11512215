"""The sockets that the daemon listens on. The keeper holds them too, so that clients find the door open, if for a
moment unattended, while one daemon replaces another."""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvicorn
from ptyd_protocol.daemon import ListenerInfo, ListenParams, ListenResult
from ptyd_protocol.errors import ErrorCode, Refusal
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from ptyd.edge import audit
from ptyd.edge.net.door import UNIX_HOSTS, Door, hosts_of_listener
from ptyd.edge.net.front import Front
from ptyd.edge.net.guests import Guests
from ptyd.edge.net.http_protocol import HttpProtocol
from ptyd.edge.net.listen_wish import ListenWish, format_place, is_loopback
from ptyd.edge.net.logins import Logins
from ptyd.edge.net.tls import Tls, TlsError

logger = logging.getLogger("ptyd.listeners")

BACKLOG = 256

TLS_HANDSHAKE_SECONDS = 10.0
TLS_SHUTDOWN_SECONDS = 2.0
"""A peer that does not answer our goodbye is cut off; nothing depends on it."""

_UCRED = struct.Struct("3i")


@dataclass(slots=True)
class Listener:
    info: ListenerInfo
    server: asyncio.Server
    protocols: ServerState = field(default_factory=ServerState)


class Listeners:
    """All listeners of the daemon; each has a door of its own, since each answers to other hosts."""

    def __init__(
        self,
        logins: Logins,
        front: Front,
        find_tls: Callable[[str, str], Tls],
        make_app: Callable[[Door], ASGIApp],
        make_websocket: Callable[[Door], Any],
        hold: Callable[[str, int], None],
        release: Callable[[str], None],
        guests: Guests | None = None,
    ) -> None:
        """``find_tls``: makes what TLS needs of the paths of a certificate and a key, "" for the usual ones; raises
        TlsError."""
        self._logins = logins
        self._front = front
        self._find_tls = find_tls
        self._make_app = make_app
        self._make_websocket = make_websocket
        self._hold = hold
        self._release = release
        self._app_state = {} if guests is None else {"guests": guests}
        self._listeners: dict[str, Listener] = {}
        self.activated: frozenset[str] = frozenset()
        """Names of sockets that a service manager made: it goes on listening when we do not."""

    def infos(self) -> list[ListenerInfo]:
        return [listener.info for listener in self._listeners.values()]

    def first_tcp(self) -> ListenResult | None:
        return next((_place_of(info) for info in self.infos() if info.kind == "tcp"), None)

    async def resume(self, held: dict[str, int]) -> None:
        """Take over the sockets that the daemon before us listened on."""
        for name, fd in held.items():
            sock = socket.socket(fileno=fd)
            sock.setblocking(False)
            if name.startswith("unix:"):
                await self._serve_unix(sock, name.removeprefix("unix:"))
                continue
            try:
                wish = ListenWish.from_name(name)
                await self._serve_tcp(sock, wish, self._tls_for(wish))
            except (TlsError, ValueError) as error:
                # Never without TLS where there was TLS; and nobody is to wait at a door that does not open.
                logger.error("no longer listening as %s: %s", name, error)
                sock.close()
                self._release(name)

    async def listen_unix(self, path: Path) -> None:
        """Listen on the Unix socket, if we do not already. 0600, in a directory that is 0700."""
        if f"unix:{path}" in self._listeners:
            return
        sock = _bind_unix(path)
        self._hold(f"unix:{path}", sock.fileno())
        await self._serve_unix(sock, str(path))

    async def listen_tcp(self, params: ListenParams) -> ListenResult:
        """Listen on TCP too. ``port`` 0: the one we have, or any free one.

        Raises:
            Refusal: it would let the network listen in, the certificate cannot be used, or the address cannot be had.
        """
        wish = ListenWish.of(params)
        present = self._find_tcp(wish)
        if present is not None:
            return present
        try:
            tls = self._tls_for(wish)
        except TlsError as error:
            raise Refusal(ErrorCode.UNAVAILABLE, str(error)) from error
        sock = socket.socket(socket.AF_INET6 if ":" in wish.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((wish.host, wish.port))
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            place = format_place(wish.host, wish.port)
            raise Refusal(ErrorCode.UNAVAILABLE, f"cannot listen on {place}: {error.strerror}") from error
        sock.setblocking(False)
        wish = replace(wish, port=sock.getsockname()[1])
        self._hold(wish.name(), sock.fileno())
        return await self._serve_tcp(sock, wish, tls)

    def _tls_for(self, wish: ListenWish) -> Tls | None:
        return self._find_tls(wish.certificate, wish.key) if wish.is_tls else None

    def _find_tcp(self, wish: ListenWish) -> ListenResult | None:
        """A listener that does already what is wished.

        Raises:
            Refusal: it is there, and speaks TLS where it should not, or not where it should.
        """
        for place in (_place_of(info) for info in self.infos() if info.kind == "tcp"):
            if place.host != wish.host or wish.port not in (0, place.port):
                continue
            if place.tls == wish.is_tls:
                return place
            if wish.port:
                raise Refusal(
                    ErrorCode.UNAVAILABLE,
                    f"{format_place(place.host, place.port)} is listened on already,"
                    f" {'with' if place.tls else 'without'} TLS",
                )
        return None

    async def _serve_unix(self, sock: socket.socket, path: str) -> None:
        door = Door(UNIX_HOSTS, self._logins, trusts_peer=True, front=self._front)
        state = ServerState()
        factory = self._protocol_factory(door, state, OwnersProtocol)
        server = await asyncio.get_running_loop().create_unix_server(factory, sock=sock, backlog=BACKLOG)
        self._listeners[f"unix:{path}"] = Listener(ListenerInfo(kind="unix", address=path), server, state)

    async def _serve_tcp(self, sock: socket.socket, wish: ListenWish, tls: Tls | None) -> ListenResult:
        further = set(self._front.allowed_hosts)
        if not is_loopback(wish.host):
            further.add(f"{socket.gethostname()}:{wish.port}")
        hosts = hosts_of_listener(wish.host, wish.port, further, is_tls=wish.is_tls)
        state = ServerState()
        door = Door(hosts, self._logins, trusts_peer=False, front=self._front)
        factory = self._protocol_factory(door, state, HttpProtocol)
        loop = asyncio.get_running_loop()
        if tls is None:
            server = await loop.create_server(factory, sock=sock, backlog=BACKLOG)
        else:
            server = await loop.create_server(
                factory,
                sock=sock,
                backlog=BACKLOG,
                ssl=tls.context,
                ssl_handshake_timeout=TLS_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=TLS_SHUTDOWN_SECONDS,
            )
        info = ListenerInfo(
            kind="tcp",
            address=format_place(wish.host, wish.port),
            tls=tls is not None,
            fingerprint="" if tls is None else tls.fingerprint,
        )
        self._listeners[wish.name()] = Listener(info, server, state)
        logger.info("listening on %s://%s", "http" if tls is None else "https", info.address)
        return _place_of(info)

    def _protocol_factory(
        self, door: Door, state: ServerState, protocol_class: type[HttpProtocol]
    ) -> Callable[[], asyncio.Protocol]:
        config = uvicorn.Config(
            self._make_app(door),
            http=protocol_class,
            ws=self._make_websocket(door),
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        config.load()
        return lambda: protocol_class(config=config, server_state=state, app_state=self._app_state)

    def close(self, for_good: bool) -> None:
        """Stop accepting. The keeper's duplicates stay open for the next daemon, unless it is ``for_good``: then
        nobody should be left waiting at the door."""
        for name, listener in self._listeners.items():
            listener.server.close()
            if for_good and name not in self.activated:
                self._release(name)
                if listener.info.kind == "unix":
                    Path(listener.info.address).unlink(missing_ok=True)


def _place_of(info: ListenerInfo) -> ListenResult:
    host, _, port = info.address.rpartition(":")
    return ListenResult(host=host.strip("[]"), port=int(port), tls=info.tls, fingerprint=info.fingerprint)


def url_of(place: ListenResult) -> str:
    """Where a browser of this machine finds a listener, without a slash at the end."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.host, place.host)
    return f"{'https' if place.tls else 'http'}://{format_place(host, place.port)}"


def _bind_unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


class OwnersProtocol(HttpProtocol):
    """HTTP on the Unix socket: whoever is not the daemon's own user is cut off before the first byte is read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer = transport.get_extra_info("socket")
        _, uid, _ = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        super().connection_made(transport)
        if uid != os.getuid():
            logger.warning("refused a connection of user %d on the Unix socket", uid)
            audit.note("turned_away", uid=uid)
            transport.abort()
