"""What happens to sessions, told to whoever subscribed, with a sequence of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Event

from ptyd.core.access import OWNER, Possession, Principal

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
    "run_queued",
    "run_dropped",
]


@dataclass(slots=True)
class _Subscription:
    tell: Callable[[Event], None]
    principal: Principal
    seq: int = 0
    """Of the last event told. Who does not see all sessions has numbers of its own: gaps would tell of others."""


class EventHub:
    """Numbers events and hands them to the subscribers, in order: to each those of the sessions that it sees."""

    def __init__(self, max_subscribers: int = 256) -> None:
        self.seq = 0
        self._max_subscribers = max_subscribers
        self._subscriptions: list[_Subscription] = []

    def publish(self, kind: EventKind, session: Possession, data: dict[str, Any]) -> None:
        self.seq += 1
        for one in list(self._subscriptions):
            if one.principal.sees(session):
                one.seq = self.seq if one.principal.sees_all else one.seq + 1
                one.tell(Event(one.seq, kind, session.id, data))

    def subscribe(self, tell: Callable[[Event], None], principal: Principal = OWNER) -> int:
        """From now on; a second time is the same as once. Returns the number of the event before the first to come.

        Raises:
            Refusal: there are as many as there may be.
        """
        for one in self._subscriptions:
            if one.tell == tell:
                return one.seq
        if len(self._subscriptions) >= self._max_subscribers:
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                f"{self._max_subscribers} connections are told events already, which is the limit (max_subscribers)",
            )
        self._subscriptions.append(_Subscription(tell, principal, self.seq if principal.sees_all else 0))
        return self._subscriptions[-1].seq

    def unsubscribe(self, tell: Callable[[Event], None]) -> None:
        self._subscriptions = [one for one in self._subscriptions if one.tell != tell]
