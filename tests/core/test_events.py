"""Events: numbered, in order, to whoever subscribed."""

from typing import NamedTuple

from ptyd_protocol.messages import Event

from ptyd.core.access.principal import OWNER, Principal
from ptyd.core.events import EventHub


class Named(NamedTuple):
    """As much of a session as an event needs (Possession)."""

    id: str
    owner: str = "owner"


SESSION = Named("00000001")


def test_numbered_and_in_order() -> None:
    hub = EventHub()
    got: list[Event] = []
    hub.publish("created", SESSION, {})
    hub.subscribe(got.append)
    hub.publish("renamed", SESSION, {"name": "x"})
    hub.publish("removed", SESSION, {})
    assert got == [Event(2, "renamed", "00000001", {"name": "x"}), Event(3, "removed", "00000001", {})]
    assert hub.seq == 3


def test_subscribing_twice_is_once() -> None:
    hub = EventHub()
    got: list[Event] = []
    take = got.append
    hub.subscribe(take)
    hub.subscribe(take)
    hub.publish("created", SESSION, {})
    assert len(got) == 1


def test_no_more_after_unsubscribing() -> None:
    hub = EventHub()
    got: list[Event] = []
    take = got.append
    hub.subscribe(take)
    hub.unsubscribe(take)
    hub.unsubscribe(take)
    hub.publish("created", SESSION, {})
    assert got == []


def test_a_subscriber_may_leave_while_it_is_told() -> None:
    hub = EventHub()
    got: list[str] = []

    def leave(event: Event) -> None:
        got.append("first")
        hub.unsubscribe(leave)

    hub.subscribe(leave)
    hub.subscribe(lambda event: got.append("second"))
    hub.publish("created", SESSION, {})
    hub.publish("created", SESSION, {})
    assert got == ["first", "second", "second"]


def test_each_is_told_of_the_sessions_that_it_sees_and_counts_by_one() -> None:
    """A gap in the numbers would tell that there are others."""
    hub = EventHub()
    guest = Principal("guest", frozenset({"observe"}), frozenset({"00000001"}), "aa")
    builder = Principal("builder", frozenset({"create"}), None, "bb")
    got: dict[str, list[tuple[int, str]]] = {"owner": [], "guest": [], "builder": []}
    hub.publish("created", Named("00000009"), {})
    for principal in (OWNER, guest, builder):
        told = got[principal.name]
        first = hub.subscribe(lambda event, told=told: told.append((event.seq, event.session)), principal)
        assert first.seq == (1 if principal is OWNER else 0)
    for session in (Named("00000002", "builder"), SESSION, Named("00000003"), SESSION, Named("00000002", "builder")):
        hub.publish("updated", session, {})
    assert [seq for seq, _ in got["owner"]] == [2, 3, 4, 5, 6]
    assert got["guest"] == [(1, "00000001"), (2, "00000001")]
    assert got["builder"] == [(1, "00000002"), (2, "00000002")]
