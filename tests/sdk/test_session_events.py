"""Events: one stream over all connections."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ptyd_protocol.messages import Event
from ptyd_sdk import Connection, ConnectionLost, SessionEvents, connect
from ptyd_sdk.session_events import compare_sessions

from tests.sdk.scripted_daemon import ScriptedDaemon, session_info, session_map
from tests.support.waiting import wait_until_async


@pytest.fixture
async def ptyd(daemon: ScriptedDaemon) -> AsyncIterator[Connection]:
    async with connect() as connection:
        yield connection


def subscribed(seq: int, *sessions: dict[str, Any]) -> Any:
    return lambda request: {"seq": seq, "sessions": list(sessions)}


def event(seq: int, kind: str, **changes: Any) -> Event:
    return Event(seq, kind, "1a2b3c4d", session_map(**changes))


async def read(events: SessionEvents, count: int) -> list[tuple[str, str | None]]:
    seen = [await anext(events) for _ in range(count)]
    return [(one.kind, one.info.name if one.info else None) for one in seen]


async def test_follows_the_sessions(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["subscribe"] = subscribed(4)
    events = ptyd.events()
    await wait_until_async(lambda: daemon.requests)
    daemon.tell(event(4, "created", name="old"))  # what the state at the beginning holds already
    daemon.tell(event(5, "created", name="a"))
    daemon.tell(event(6, "renamed", name="b"))
    daemon.tell(Event(7, "removed", "1a2b3c4d", {}))
    daemon.tell(Event(8, "hold_ended", "1a2b3c4d", {"client_id": "x", "channel": 1, "reason": "stalled"}))
    assert await read(events, 4) == [("created", "a"), ("renamed", "b"), ("removed", None), ("hold_ended", None)]


async def test_two_listeners_share_one_subscription(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["subscribe"] = subscribed(0)
    first, second = ptyd.events(), ptyd.events()
    await wait_until_async(lambda: daemon.requests)
    daemon.tell(event(1, "created"))
    assert await read(first, 1) == await read(second, 1) == [("created", "s")]
    assert len(daemon.requests) == 1
    await first.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(first)


async def test_what_happened_during_a_break_is_told_afterwards(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["subscribe"] = subscribed(9, session_map(), session_map(id="gone"))
    events = ptyd.events()
    await wait_until_async(lambda: daemon.requests)
    ended = session_map(name="t", state="exited", exit_code=1)
    daemon.answers["subscribe"] = subscribed(0, ended, session_map(id="new", name="n"))  # another daemon counts anew
    await daemon.break_connections()
    assert await read(events, 1) == [("missed", None)]
    assert await read(events, 4) == [("renamed", "t"), ("exited", "t"), ("removed", None), ("created", "n")]
    daemon.tell(event(1, "resized", cols=99))
    assert await read(events, 1) == [("resized", "s")]


async def test_a_break_before_the_answer_subscribes_once(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    events = ptyd.events()
    await wait_until_async(lambda: daemon.requests)
    daemon.answers["subscribe"] = subscribed(0)
    await daemon.break_connections()
    await wait_until_async(lambda: len(daemon.requests) == 2)
    daemon.tell(event(1, "created"))
    assert await read(events, 1) == [("created", "s")]
    assert [request.method for request in daemon.requests] == ["subscribe"] * 2


async def test_the_end_of_the_connection_ends_the_stream(daemon: ScriptedDaemon) -> None:
    daemon.answers["subscribe"] = subscribed(0)
    async with connect() as ptyd:
        events = ptyd.events()
    with pytest.raises(ConnectionLost):
        await anext(events)


def test_compare_sessions() -> None:
    before = {"a": session_info(id="a"), "b": session_info(id="b"), "c": session_info(id="c")}
    after = {
        "a": session_info(id="a"),
        "b": session_info(id="b", cols=100, clients=2),
        "d": session_info(id="d", state="exited"),
    }
    assert [(one.kind, one.session) for one in compare_sessions(before, after)] == [
        ("resized", "b"),
        ("updated", "b"),
        ("removed", "c"),
        ("created", "d"),
        ("exited", "d"),
    ]
