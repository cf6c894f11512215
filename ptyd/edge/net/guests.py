"""Connections from outside and what they may cost: how many there are, how often they guess, how slow they may be.

The rules are core's (crowd, failed_logins, throttle); here are the sockets.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ptyd.config import Config
from ptyd.core.access.principal import Principal
from ptyd.core.limits.crowd import UNIX_ADDRESS, Crowd, CrowdLimits, address_group, is_loopback
from ptyd.core.limits.failed_logins import FailedLogins
from ptyd.core.limits.throttle import Throttle
from ptyd.core.limits.token_bucket import TokenBucket
from ptyd.edge.net.client_address import (
    NO_PROXIES,
    Connection,
    TrustedProxies,
    client_address,
    is_trusted,
    peer_address,
)
from ptyd.edge.net.door import Door, Turned

logger = logging.getLogger("ptyd.guests")

KINDS = (
    "connections",
    "address",
    "strangers",
    "slow",
    "logins",
    "rate",
    "requests",
    "subscribers",
    "fragments",
)
"""What may be too much of one client: that it may be counted from 0 on."""

TELL_SECONDS = 60.0
"""The log hears of a kind of refusal at most so often: it must not be a stranger's to fill."""

REQUEST_BURST_SECONDS = 4.0


class Leaver(Protocol):
    """A connection's protocol, as long as it is one of HTTP."""

    def beat(self, now: float) -> None: ...


@dataclass(eq=False, slots=True)
class Guest:
    """One connection, from its first byte to its last, whichever protocol it speaks by then."""

    guests: "Guests"
    address: str
    drop: Callable[[], None]
    protocol: Leaver | None = None
    """That of HTTP, until it becomes a WebSocket."""

    def welcome(self) -> None:
        """It has shown a good credential."""
        self.guests.crowd.welcome(self)

    def leave(self) -> None:
        self.protocol = None
        self.guests.crowd.leave(self)
        self.guests.present.discard(self)


class Guests:
    """All connections of all listeners, and the books about them."""

    def __init__(self, config: Config, most_files: float = math.inf, proxies: TrustedProxies = NO_PROXIES) -> None:
        """``most_files``: descriptors this process may open; connections leave some to the sessions. What comes from
        one of ``proxies`` is many clients', and no one address's."""
        self.config = config
        self._proxies = proxies
        self.crowd = Crowd(
            CrowdLimits(
                in_all=int(min(config.max_connections, max(most_files / 2, most_files - FILES_FOR_SESSIONS))),
                per_address=config.max_connections_per_address,
                strangers=config.max_strangers,
                strangers_per_address=config.max_strangers_per_address,
            )
        )
        self._failed_logins = FailedLogins(config.max_failed_logins)
        self._failed_logins_loopback = FailedLogins(config.max_failed_logins_loopback)
        self.refusals: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        """By kind."""
        self.present: set[Guest] = set()
        self._told_at: dict[str, float] = {}

    def receive(self, transport: asyncio.BaseTransport, drop: Callable[[], None]) -> Guest | None:
        """A connection has come; None where it may not stay. ``drop`` ends it without ceremony."""
        guest = Guest(self, peer_address(transport), drop)
        place = UNIX_ADDRESS if is_trusted(guest.address, self._proxies) else guest.address
        refusal = self.crowd.enter(guest, place)
        if refusal is not None:
            self.refuse(refusal, guest.address)
            return None
        self.present.add(guest)
        surplus = self.crowd.find_surplus()
        if isinstance(surplus, Guest):
            self.refuse("strangers", surplus.address)
            surplus.leave()
            surplus.drop()
        return guest

    def refuse(self, kind: str, address: str) -> None:
        """Count a refusal, and say so now and then."""
        self.refusals[kind] += 1
        now = _now()
        if now - self._told_at.get(kind, -math.inf) > TELL_SECONDS:
            self._told_at[kind] = now
            logger.warning("refused %s (%s): %d times so far", address, kind, self.refusals[kind])

    def make_throttle(self) -> Throttle:
        return Throttle(self.config.message_rate, self.config.message_bytes_rate)

    def make_request_bucket(self) -> TokenBucket:
        return TokenBucket(self.config.request_rate, burst_seconds=REQUEST_BURST_SECONDS)

    def login_wait(self, address: str) -> int:
        """Whole seconds until credentials from this address are looked at again; 0 for at once."""
        return math.ceil(self._book(address).wait_seconds(address_group(address), _now()))

    def note_failed_login(self, address: str) -> None:
        if address != UNIX_ADDRESS:
            self.refusals["logins"] += 1
            self._book(address).note_failure(address_group(address), _now())

    def note_login(self, address: str) -> None:
        self._book(address).note_success(address_group(address))

    def _book(self, address: str) -> FailedLogins:
        return self._failed_logins_loopback if is_loopback(address) else self._failed_logins

    def beat(self, now: float) -> None:
        """Every few seconds: let go of those that take their time."""
        for guest in list(self.present):
            if guest.protocol is not None:
                guest.protocol.beat(now)


def admit_guest(
    guests: Guests, door: Door, headers: Mapping[str, str], connection: Connection, *, method: str = "POST"
) -> Principal:
    """``Door.admit`` for whoever has not guessed too often.

    On loopback good credentials are always good: there another user of the machine could lock the owner out.

    Raises:
        Turned: as the door does, or 429 while an address has to wait.
    """
    address = client_address(connection, headers, door.front.proxies)
    wait = guests.login_wait(address)
    guesses = address != UNIX_ADDRESS and not {"authorization", "cookie"}.isdisjoint(headers)
    if guesses and wait and not is_loopback(address):
        guests.refuse("logins", address)
        raise too_many_logins(wait)
    try:
        principal = door.admit(headers, connection, method=method)
    except Turned as turned:
        if guesses and turned.status == 401:
            guests.note_failed_login(address)
            if wait:
                raise too_many_logins(wait) from None
        raise
    if guesses:
        guests.note_login(address)
    return principal


def too_many_logins(wait: int) -> Turned:
    return Turned(429, f"too many failed logins from this address: try again in {wait} s", retry_after=wait)


FILES_FOR_SESSIONS = 4096


def _now() -> float:
    return asyncio.get_running_loop().time()
