"""The sockets that the daemon listens on. The keeper holds them too, so that clients find the door open, if for a
moment unattended, while one daemon replaces another."""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.methods import ListenerInfo, ListenResult
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from ptyd.edge.door import UNIX_HOSTS, Door, hosts_of_listener
from ptyd.edge.guests import Guests
from ptyd.edge.http_protocol import HttpProtocol
from ptyd.edge.logins import Logins

logger = logging.getLogger("ptyd.listeners")

BACKLOG = 256

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})

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
        allowed_hosts: Iterable[str],
        make_app: Callable[[Door], ASGIApp],
        make_websocket: Callable[[Door], Any],
        hold: Callable[[str, int], None],
        release: Callable[[str], None],
        guests: Guests | None = None,
    ) -> None:
        self._logins = logins
        self._allowed_hosts = tuple(allowed_hosts)
        self._make_app = make_app
        self._make_websocket = make_websocket
        self._hold = hold
        self._release = release
        self._app_state = {} if guests is None else {"guests": guests}
        self._listeners: dict[str, Listener] = {}

    def infos(self) -> list[ListenerInfo]:
        return [listener.info for listener in self._listeners.values()]

    def first_tcp(self) -> ListenResult | None:
        for info in self.infos():
            if info.kind == "tcp":
                host, _, port = info.address.rpartition(":")
                return ListenResult(host=host.strip("[]"), port=int(port))
        return None

    async def resume(self, held: dict[str, int]) -> None:
        """Take over the sockets that the daemon before us listened on."""
        for name, fd in held.items():
            sock = socket.socket(fileno=fd)
            sock.setblocking(False)
            if name.startswith("unix:"):
                await self._serve_unix(sock, name.removeprefix("unix:"))
            else:
                await self._serve_tcp(sock)

    async def listen_unix(self, path: Path) -> None:
        """Listen on the Unix socket, if we do not already. 0600, in a directory that is 0700."""
        if f"unix:{path}" in self._listeners:
            return
        sock = _bind_unix(path)
        self._hold(f"unix:{path}", sock.fileno())
        await self._serve_unix(sock, str(path))

    async def listen_tcp(self, host: str, port: int) -> ListenResult:
        """Listen on a loopback address too. ``port`` 0: the one we have, or any free one.

        Raises:
            Refusal: not a loopback address, or it cannot be had.
        """
        if host not in LOOPBACK_HOSTS:
            raise Refusal(
                ErrorCode.NOT_ALLOWED,
                f"{host} is not a loopback address: without TLS the daemon listens on"
                f" {', '.join(sorted(LOOPBACK_HOSTS))} only; use an SSH tunnel to reach it from elsewhere",
            )
        present = self._find_tcp(host, port)
        if present is not None:
            return present
        family = socket.AF_INET6 if host == "::1" else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            raise Refusal(ErrorCode.UNAVAILABLE, f"cannot listen on {host}:{port}: {error.strerror}") from error
        sock.setblocking(False)
        self._hold(_tcp_name(sock), sock.fileno())
        return await self._serve_tcp(sock)

    def _find_tcp(self, host: str, port: int) -> ListenResult | None:
        wanted = "127.0.0.1" if host == "localhost" else host
        for info in self.infos():
            if info.kind != "tcp":
                continue
            own_host, _, own_port = info.address.rpartition(":")
            if own_host.strip("[]") == wanted and port in (0, int(own_port)):
                return ListenResult(host=wanted, port=int(own_port))
        return None

    async def _serve_unix(self, sock: socket.socket, path: str) -> None:
        door = Door(UNIX_HOSTS, self._logins, trusts_peer=True)
        state = ServerState()
        factory = self._protocol_factory(door, state, OwnersProtocol)
        server = await asyncio.get_running_loop().create_unix_server(factory, sock=sock, backlog=BACKLOG)
        self._listeners[f"unix:{path}"] = Listener(ListenerInfo(kind="unix", address=path), server, state)

    async def _serve_tcp(self, sock: socket.socket) -> ListenResult:
        host, port = sock.getsockname()[:2]
        door = Door(hosts_of_listener(host, port, self._allowed_hosts), self._logins, trusts_peer=False)
        state = ServerState()
        factory = self._protocol_factory(door, state, HttpProtocol)
        server = await asyncio.get_running_loop().create_server(factory, sock=sock, backlog=BACKLOG)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._listeners[_tcp_name(sock)] = Listener(ListenerInfo(kind="tcp", address=address), server, state)
        logger.info("listening on http://%s", address)
        return ListenResult(host=host, port=port)

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
            if for_good:
                self._release(name)
                if listener.info.kind == "unix":
                    Path(listener.info.address).unlink(missing_ok=True)


def _tcp_name(sock: socket.socket) -> str:
    """Under what name the keeper holds a TCP listener."""
    host, port = sock.getsockname()[:2]
    return f"tcp:{host}:{port}"


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
            transport.abort()
