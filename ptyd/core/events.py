"""What happens to sessions, told to whoever subscribed, with a sequence of its own."""

from collections.abc import Callable
from typing import Any, Literal

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Event

EventKind = Literal["created", "exited", "renamed", "resized", "updated", "removed", "hold_ended", "recording_ended"]


class EventHub:
    """Numbers events and hands them to the subscribers, in order."""

    def __init__(self, max_subscribers: int = 256) -> None:
        self.seq = 0
        self._max_subscribers = max_subscribers
        self._subscribers: list[Callable[[Event], None]] = []

    def publish(self, kind: EventKind, session_id: str, data: dict[str, Any]) -> None:
        self.seq += 1
        event = Event(self.seq, kind, session_id, data)
        for subscriber in list(self._subscribers):
            subscriber(event)

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        """From now on; a second time is the same as once.

        Raises:
            Refusal: there are as many as there may be.
        """
        if subscriber in self._subscribers:
            return
        if len(self._subscribers) >= self._max_subscribers:
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                f"{self._max_subscribers} connections are told events already, which is the limit (max_subscribers)",
            )
        self._subscribers.append(subscriber)

    def unsubscribe(self, subscriber: Callable[[Event], None]) -> None:
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)
