"""Who is at the other end: the peer of the socket or, where that is a proxy that we trust, whoever it speaks for.

Headers are those of ``door.join_headers``: by lower-case name, a repeated one joined by ``, ``. What a peer that is not
trusted says of itself in ``X-Forwarded-*`` is not looked at.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

UNIX_PEER = "unix"
"""The address of whoever came by the Unix socket."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class PeerInfo(Protocol):
    """An asyncio transport."""

    def get_extra_info(self, name: str) -> Any: ...


Connection = Mapping[str, Any] | PeerInfo
"""An ASGI scope or a transport."""


class TrustedProxies:
    """The addresses and networks whose word we take for whom they speak."""

    def __init__(self, entries: Iterable[str]) -> None:
        """``entries``: ``127.0.0.1``, ``10.0.0.0/8``, ``fd00::/8``.

        Raises:
            ValueError: one of them is neither an address nor a network.
        """
        self._networks = [ipaddress.ip_network(entry, strict=False) for entry in entries]

    def trusts(self, address: IpAddress) -> bool:
        return any(address in network for network in self._networks)


NO_PROXIES = TrustedProxies(())


def peer_address(connection: Connection) -> str:
    """The address of the socket's other end, UNIX_PEER for the Unix socket."""
    peer = _peer_of(connection)
    if peer is None:
        return UNIX_PEER
    address = parse_ip(str(peer[0]))
    return str(address if address is not None else peer[0])


def peer_port(connection: Connection) -> int:
    """The port of the socket's other end; 0 for the Unix socket."""
    peer = _peer_of(connection)
    return 0 if peer is None else int(peer[1])


def _peer_of(connection: Connection) -> Sequence[Any] | None:
    peer = connection.get("client") if isinstance(connection, Mapping) else connection.get_extra_info("peername")
    return peer if isinstance(peer, tuple | list) and peer else None


def client_address(connection: Connection, headers: Mapping[str, str], proxies: TrustedProxies = NO_PROXIES) -> str:
    """The address of the client itself, without a port; UNIX_PEER for the Unix socket.

    ``X-Forwarded-For`` is read from its end: each trusted proxy has appended whom it was talking to, and the first
    address that is no trusted proxy's is the client's. What stands before that is hearsay.
    """
    nearest = peer_address(connection)
    if not is_trusted(nearest, proxies):
        return nearest
    for word in reversed(headers.get("x-forwarded-for", "").split(",")):
        address = parse_ip(word)
        if address is None:
            break
        nearest = str(address)
        if not proxies.trusts(address):
            break
    return nearest


def client_scheme(connection: Connection, headers: Mapping[str, str], proxies: TrustedProxies, own_scheme: str) -> str:
    """``https`` or ``http``: what the client speaks, to the trusted proxy or else to us (``own_scheme``)."""
    word = _forwarded(connection, headers, proxies, "x-forwarded-proto").lower()
    word = {"wss": "https", "ws": "http"}.get(word, word)
    return word if word in {"http", "https"} else own_scheme


def client_host(connection: Connection, headers: Mapping[str, str], proxies: TrustedProxies) -> str:
    """The host that the client meant to reach: HOST or HOST:PORT in lower case, "" where nothing says so."""
    return (_forwarded(connection, headers, proxies, "x-forwarded-host") or headers.get("host", "")).lower()


def local_places(connection: Connection) -> frozenset[str]:
    """Our own end of the socket as Host headers name it (``192.0.2.1:81``, ``[::1]``); none for the Unix socket."""
    own = connection.get("server") if isinstance(connection, Mapping) else connection.get_extra_info("sockname")
    if not isinstance(own, tuple | list) or len(own) < 2 or (address := parse_ip(str(own[0]))) is None:
        return frozenset()
    host, port = f"[{address}]" if address.version == 6 else str(address), own[1]
    return frozenset({f"{host}:{port}", host} if port in (80, 443) else {f"{host}:{port}"})


def is_trusted(address: str, proxies: TrustedProxies) -> bool:
    parsed = parse_ip(address)
    return parsed is not None and proxies.trusts(parsed)


def parse_ip(text: str) -> IpAddress | None:
    """An address out of ``1.2.3.4``, ``1.2.3.4:56``, ``::1``, ``[::1]`` or ``[::1]:56``; None where it is none.

    IPv4 that came by an IPv6 socket (``::ffff:1.2.3.4``) is IPv4.
    """
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _forwarded(connection: Connection, headers: Mapping[str, str], proxies: TrustedProxies, name: str) -> str:
    """What the trusted proxy itself has written last into a header; "" for anybody else's word."""
    if not is_trusted(peer_address(connection), proxies):
        return ""
    return headers.get(name, "").rpartition(",")[2].strip()
