"""The door in front of every route: Host, Origin, and then who is there. What it does not let in reaches nothing.

Three locks, because each alone has been picked elsewhere: a Host allow-list against DNS rebinding, an Origin allow-list
against pages of other sites, and a credential on every route.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from ptyd.core.access.principal import OWNER, Principal
from ptyd.edge.net.client_address import Connection, client_host, local_places
from ptyd.edge.net.front import NO_FRONT, Front
from ptyd.edge.net.logins import Logins

COOKIE_NAME = "ptyd"

UNIX_HOSTS = frozenset({"localhost"})

HARMLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing: a route that does takes none of them. Only /login does, which takes a ticket and no cookie."""

FORWARDING_HEADERS = frozenset(
    {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"}
)

NOWHERE: Connection = {}
"""A connection of which nothing is known, and whose peer nobody trusts."""


_OWN_SITES = frozenset({"same-origin", "none"})


@dataclass(slots=True, eq=False)
class Turned(Exception):
    """Not let in: the HTTP status, and why, for a person."""

    status: int
    reason: str
    retry_after: int = 0
    """Seconds; 0 where that is not the point."""


def join_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By lower-case name. A header that was given twice is joined, and then fits no allow-list."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def hosts_of_listener(host: str, port: int, further: Iterable[str] = (), *, is_tls: bool = False) -> frozenset[str]:
    """The Host headers that a TCP listener answers to, beside the address by which a client has come."""
    names = {host, "localhost", "127.0.0.1", "[::1]"}
    bracketed = {f"[{name}]" if ":" in name and not name.startswith("[") else name for name in names}
    with_port = {f"{name}:{port}" for name in bracketed}
    return frozenset(
        with_port | (bracketed if port == (443 if is_tls else 80) else set()) | {name.lower() for name in further}
    )


class Door:
    """Judges requests by their headers. One for each listener."""

    def __init__(self, hosts: frozenset[str], logins: Logins, trusts_peer: bool, front: Front = NO_FRONT) -> None:
        """``trusts_peer``: the listener itself has made sure that the peer is the owner (Unix socket)."""
        self._hosts = hosts
        self._logins = logins
        self.trusts_peer = trusts_peer
        self.front = front

    def check_place(self, headers: Mapping[str, str], connection: Connection = NOWHERE) -> None:
        """Whether the request was meant for us, and comes from our own page if it comes from a page.

        ``connection``: by which it came. A trusted proxy says which Host the client meant (X-Forwarded-Host).

        Raises:
            Turned: 421 for a foreign Host, 403 for a foreign Origin, for anything but a link of a foreign page, or for
                a proxy on the Unix socket.
        """
        if self.trusts_peer and not FORWARDING_HEADERS.isdisjoint(headers):
            raise Turned(403, "on the Unix socket a proxy would make its clients the owner: point it at a TCP listener")
        host = client_host(connection, headers, self.front.proxies)
        if not self._knows_host(host, connection):
            raise Turned(421, "this daemon does not answer to that Host; see allowed_hosts in its configuration")
        # An image, a script or a frame comes without Origin. "same-site" is foreign, too: it is any port of this host.
        if headers.get("sec-fetch-site", "none") not in _OWN_SITES and not _follows_link(headers):
            raise Turned(403, "only a link may lead here from pages of other sites (Sec-Fetch-Site)")
        origin = headers.get("origin")
        if origin is None:
            return
        scheme, _, host = origin.lower().partition("://")
        if scheme not in {"http", "https"} or not self._knows_host(host, connection):
            raise Turned(403, "requests from pages of other sites are refused (Origin)")

    def _knows_host(self, host: str, connection: Connection) -> bool:
        """On the list; or the address itself to which the client has connected, which no name can be rebound to."""
        return bool(host) and (host in self._hosts or (not self.trusts_peer and host in local_places(connection)))

    def admit(self, headers: Mapping[str, str], connection: Connection = NOWHERE, *, method: str = "POST") -> Principal:
        """Who is there, to use ``method``. A WebSocket counts as one that changes something, though it comes by GET.

        Raises:
            Turned: 421, 403, or 401 without a good credential.
        """
        self.check_place(headers, connection)
        if self.trusts_peer:
            return OWNER
        scheme, _, token = headers.get("authorization", "").partition(" ")
        principal = self._logins.find_bearer(token.strip()) if scheme.lower() == "bearer" else None
        if principal is not None:
            return principal
        principal = self._logins.find_cookie(cookie_of(headers))
        if principal is not None:
            # A browser adds the cookie whoever asks, and says who asked wherever that matters: whoever does not say so
            # is no browser, and has a token.
            if "origin" not in headers and method not in HARMLESS_METHODS:
                raise Turned(
                    403, "a login cookie counts only with the Origin that browsers send; programs have a token"
                )
            return principal
        raise Turned(401, "not logged in: run `ptyd up --open` for a login in the browser, or send the bearer token")


def _follows_link(headers: Mapping[str, str]) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def cookie_of(headers: Mapping[str, str]) -> str:
    """The login cookie, "" where there is none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
