"""What happens to sessions, told to whoever subscribed, numbered, and kept for a while for those who come back."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Event

from ptyd.core.access.principal import OWNER, Possession, Principal

EventKind = Literal[
    "created",
    "exited",
    "renamed",
    "resized",
    "updated",
    "removed",
    "hold_ended",
    "recording_ended",
    "limit_warning",
    "activity",
    "bell",
    "run_queued",
    "run_dropped",
    "approval_asked",
    "approval_answered",
    "prompt",
]


MAX_NARROW_STREAMS = 256
"""Of principals that do not see all sessions. One more, and the one that nobody listens to for longest is forgotten."""


@dataclass(slots=True)
class _Subscription:
    tell: Callable[[Event], None]
    held: list[Event] | None = None
    """What waits for ``release``; None: nothing waits any more."""


@dataclass(slots=True)
class _Stream:
    """The events of those sessions that a principal sees, with numbers of its own: gaps would tell of others. It goes
    on while nobody listens. All principals that see every session share one."""

    principal: Principal
    seq: int
    """Of the last event."""
    kept: deque[Event] = field(default_factory=lambda: deque(maxlen=limits.MAX_EVENTS))
    subscriptions: list[_Subscription] = field(default_factory=list)

    def add(self, kind: EventKind, session: Possession, data: dict[str, Any], at: float) -> None:
        self.seq += 1
        event = Event(self.seq, kind, session.id, data, at)
        self.kept.append(event)
        for one in list(self.subscriptions):
            if one.held is not None:
                one.held.append(event)
            else:
                one.tell(event)

    def read_after(self, since: int) -> list[Event] | None:
        """The events after number ``since``; None: they are not all kept, or the number is not of this stream."""
        oldest = self.seq - len(self.kept)
        if not oldest <= since <= self.seq:
            return None
        return [event for event in self.kept if event.seq > since]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """``seq``: of the event before those to come. ``is_late``: what was asked for is not kept any more."""

    seq: int
    is_late: bool = False


class EventHub:
    """Numbers events and hands them to the subscribers, in order: to each those of the sessions that it sees.

    ``first_seq``: the number before the first one. ``clock``: the present, in Unix seconds.
    """

    def __init__(
        self, max_subscribers: int = 256, first_seq: int = 0, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._max_subscribers = max_subscribers
        self._clock = clock
        self._first_seq = first_seq
        self._all = _Stream(OWNER, first_seq)
        self._narrow: dict[Principal, _Stream] = {}
        """The one that was asked for last comes last."""

    @property
    def seq(self) -> int:
        """Of the last event of all."""
        return self._all.seq

    def publish(self, kind: EventKind, session: Possession, data: dict[str, Any]) -> None:
        at = self._clock()
        self._all.add(kind, session, data, at)
        for stream in list(self._narrow.values()):
            if stream.principal.sees(session):
                stream.add(kind, session, data, at)

    def subscribe(
        self, tell: Callable[[Event], None], principal: Principal = OWNER, since: int | None = None
    ) -> Subscribed:
        """From now on or, with ``since``, from the event after that number on. A second time is the same as once.

        With ``since`` nothing is told before ``release``, so that what was comes behind the answer and in front of what
        comes.

        Raises:
            Refusal: there are as many as there may be.
        """
        stream = self._stream_of(principal)
        if any(one.tell == tell for one in stream.subscriptions):
            return Subscribed(stream.seq)
        if self._count_subscriptions() >= self._max_subscribers:
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                f"{self._max_subscribers} connections are told events already, which is the limit (max_subscribers)",
            )
        if since is None:
            stream.subscriptions.append(_Subscription(tell))
            return Subscribed(stream.seq)
        missed = stream.read_after(since)
        stream.subscriptions.append(_Subscription(tell, missed or []))
        return Subscribed(stream.seq, is_late=True) if missed is None else Subscribed(since)

    def release(self, tell: Callable[[Event], None]) -> None:
        """Tell a subscriber what waits for it, and from then on each event at once."""
        for stream in self._streams():
            for one in stream.subscriptions:
                if one.tell == tell and one.held is not None:
                    held, one.held = one.held, None
                    for event in held:
                        tell(event)

    def unsubscribe(self, tell: Callable[[Event], None]) -> None:
        for stream in self._streams():
            stream.subscriptions = [one for one in stream.subscriptions if one.tell != tell]

    def read(self, principal: Principal, since: int, max_events: int) -> tuple[list[Event], int, bool, bool]:
        """What is kept of the events after number ``since``, the oldest first: those, the number to ask with next,
        whether some were not kept, and whether there are more than ``max_events``."""
        stream = self._stream_of(principal)
        found = stream.read_after(since)
        is_late = found is None
        if found is None:
            found = list(stream.kept)
        events = found[:max_events]
        return events, events[-1].seq if events else stream.seq, is_late, len(found) > max_events

    def _streams(self) -> list[_Stream]:
        return [self._all, *self._narrow.values()]

    def _count_subscriptions(self) -> int:
        return sum(len(stream.subscriptions) for stream in self._streams())

    def _stream_of(self, principal: Principal) -> _Stream:
        if principal.sees_all:
            return self._all
        stream = self._narrow.pop(principal, None) or _Stream(principal, self._first_seq)
        self._narrow[principal] = stream
        if len(self._narrow) > MAX_NARROW_STREAMS:
            idle = next((one for one in self._narrow.values() if not one.subscriptions and one is not stream), None)
            if idle is not None:
                del self._narrow[idle.principal]
                # Whoever comes back for it must not take the numbers of a new one for its own.
                self._first_seq = max(self._first_seq, idle.seq)
        return stream
