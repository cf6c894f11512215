"""What all connections of the daemon share, and who of them is there."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.messages import Event

from ptyd.config import Config
from ptyd.core.access.principal import Principal
from ptyd.edge.net.guests import Guests
from ptyd.edge.net.requests import Answer, Attacher
from ptyd.edge.tasks import Tasks


class Leaving(Protocol):
    """Whoever is connected by a WebSocket, for what concerns them all."""

    principal: Principal

    def note_typed(self) -> None:
        """Put into the audit what was typed since the last time."""

    def close(self, code: CloseCode, reason: str) -> None: ...

    def expel(self, reason: str) -> None:
        """The credentials are no longer good."""


class Replaceable(Leaving, Protocol):
    """One that its client may connect anew in place of."""

    def lost(self) -> None:
        """It counts as gone from here on."""


class Beating(Protocol):
    """A socket with a heartbeat."""

    def beat(self, now: float) -> None: ...


@dataclass(slots=True)
class Gone:
    """What attachments did that are no longer there, and what of those that are is in the audit."""

    typed_messages: int = 0
    typed_bytes: int = 0
    sent_bytes: int = 0
    resyncs: int = 0


class Office:
    """What all connections share."""

    def __init__(
        self,
        attacher: Attacher,
        answer: Answer,
        forget_subscriber: Callable[[Callable[[Event], None]], None],
        tasks: Tasks,
        hold_seconds: tuple[float, float],
        guests: Guests | None = None,
    ) -> None:
        self.attacher = attacher
        self.forget_subscriber = forget_subscriber
        self.answer = answer
        self.tasks = tasks
        self.hold_seconds = hold_seconds
        """(grace, stall), as Welcome tells them."""
        self.guests = guests if guests is not None else Guests(Config())
        self.connections: set[Leaving] = set()
        self.sockets: set[Beating] = set()
        self.empty = asyncio.Event()
        """There is no connection."""
        self.empty.set()
        self.by_client_id: dict[tuple[str, str], Replaceable] = {}
        """By principal and client id: nobody takes over another's connection by its id, which others can see."""
        self.gone = Gone()
        self.refusals: Counter[str] = Counter()
        """How many attachments were refused, by code."""
        self.closed_by_us: Counter[str] = Counter()
        """How often we have closed a connection, by close code."""

    def enter(self, one: Leaving) -> None:
        self.connections.add(one)
        self.empty.clear()

    def leave(self, one: Leaving) -> None:
        self.connections.discard(one)
        if not self.connections:
            self.empty.set()

    def note_typed(self) -> None:
        """Put into the audit what was typed since the last time."""
        for connection in list(self.connections):
            connection.note_typed()

    def expel(self, concerns: Callable[[Principal], bool], reason: str) -> None:
        """Close at once whatever those principals have open: their credentials are no longer good."""
        for connection in list(self.connections):
            if concerns(connection.principal):
                connection.expel(reason)
