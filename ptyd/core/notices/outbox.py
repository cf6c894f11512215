"""What has to be delivered, to whom, and how often that has been tried."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from ptyd.core.notices.notice import Notice

RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0)
"""Between two attempts. After the last one it is given up."""
MAX_DELIVERIES = 256
"""Beyond it the oldest is given up: what is new matters more."""


class Delivery(Struct, kw_only=True):
    """One notice to one target. ``number``: the target's, as the configuration counts them from 1."""

    notice: Notice
    number: int
    attempts: int = 0
    due_at: float = 0.0
    """Unix seconds."""


class Outbox:
    """``deliveries``: what a daemon before could not deliver."""

    def __init__(self, target_count: int, deliveries: Sequence[Delivery] = ()) -> None:
        self._target_count = target_count
        self.deliveries = [one for one in deliveries if one.number <= target_count]

    def put(self, notice: Notice, now: float) -> list[Delivery]:
        """To each target; gives those that are given up to make room."""
        self.deliveries += [
            Delivery(notice=notice, number=number, due_at=now) for number in range(1, self._target_count + 1)
        ]
        given_up, self.deliveries = self.deliveries[:-MAX_DELIVERIES], self.deliveries[-MAX_DELIVERIES:]
        return given_up

    def take_due(self, now: float, still_holds: Callable[[Notice], bool]) -> list[Delivery]:
        """What to try now. It is out of the box until ``put_back``."""
        self.deliveries = [one for one in self.deliveries if still_holds(one.notice)]
        due = [one for one in self.deliveries if one.due_at <= now]
        self.deliveries = [one for one in self.deliveries if one.due_at > now]
        return due

    def put_back(self, delivery: Delivery, now: float) -> bool:
        """It has failed once more; False: it is given up."""
        if delivery.attempts >= len(RETRY_SECONDS):
            return False
        delivery.due_at = now + RETRY_SECONDS[delivery.attempts]
        delivery.attempts += 1
        self.deliveries.append(delivery)
        return True

    def next_at(self) -> float | None:
        return min((one.due_at for one in self.deliveries), default=None)
