"""Events: numbered, in order, to whoever subscribed."""

from ptyd_protocol.messages import Event

from ptyd.core.events import EventHub


def test_numbered_and_in_order() -> None:
    hub = EventHub()
    got: list[Event] = []
    hub.publish("created", "00000001", {})
    hub.subscribe(got.append)
    hub.publish("renamed", "00000001", {"name": "x"})
    hub.publish("removed", "00000001", {})
    assert got == [Event(2, "renamed", "00000001", {"name": "x"}), Event(3, "removed", "00000001", {})]
    assert hub.seq == 3


def test_subscribing_twice_is_once() -> None:
    hub = EventHub()
    got: list[Event] = []
    take = got.append
    hub.subscribe(take)
    hub.subscribe(take)
    hub.publish("created", "00000001", {})
    assert len(got) == 1


def test_no_more_after_unsubscribing() -> None:
    hub = EventHub()
    got: list[Event] = []
    take = got.append
    hub.subscribe(take)
    hub.unsubscribe(take)
    hub.unsubscribe(take)
    hub.publish("created", "00000001", {})
    assert got == []


def test_a_subscriber_may_leave_while_it_is_told() -> None:
    hub = EventHub()
    got: list[str] = []

    def leave(event: Event) -> None:
        got.append("first")
        hub.unsubscribe(leave)

    hub.subscribe(leave)
    hub.subscribe(lambda event: got.append("second"))
    hub.publish("created", "00000001", {})
    hub.publish("created", "00000001", {})
    assert got == ["first", "second", "second"]
