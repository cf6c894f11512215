"""Holds end by the clock: a watch, a log and a timer together."""

import asyncio
from typing import Any

from ptyd.core.log.holds import HoldWatch
from ptyd.core.log.replay_log import ReplayLog
from ptyd.edge.terminal.hold_timer import HoldTimer
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log
from tests.support.waiting import stretch_deadline

SOON_SECONDS = 0.05
NEVER_SECONDS = 3600.0


class Bench:
    def __init__(self, grace: float, stall: float, log: ReplayLog | None = None) -> None:
        self.log = log or make_log()
        self.ended: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.timer = HoldTimer(HoldWatch(grace, stall), self.log, lambda *end: self.ended.put_nowait(end))

    def attach(self, key: int, offset: int = 0) -> None:
        self.log.set_hold(key, offset)
        self.timer.attach(key)

    async def next_end(self) -> Any:
        return await asyncio.wait_for(self.ended.get(), stretch_deadline(15))


async def test_grace() -> None:
    bench = Bench(SOON_SECONDS, NEVER_SECONDS)
    bench.attach(5)
    bench.attach(6)
    bench.timer.leave(5)
    assert await bench.next_end() == (5, "grace_expired")
    assert list(bench.log.hold_keys()) == [6]
    assert bench.ended.empty()


async def test_holds_of_the_daemon_before() -> None:
    log = make_log()
    log.set_hold(5, 0)
    bench = Bench(SOON_SECONDS, NEVER_SECONDS, log)
    assert await bench.next_end() == (5, "grace_expired")
    assert list(log.hold_keys()) == []


async def test_stall() -> None:
    bench = Bench(NEVER_SECONDS, SOON_SECONDS)
    bench.attach(5)
    bench.attach(6, 0)
    append(bench.log, bytes(2 * SMALL_CAPACITY_BYTES))
    bench.log.set_hold(6, bench.log.head)
    bench.timer.note_blocked()
    assert await bench.next_end() == (5, "stalled")
    assert bench.log.room > 0
    assert list(bench.log.hold_keys()) == [6]
    assert bench.ended.empty()


async def test_an_ack_that_frees_nothing_begins_the_stall_anew_and_no_more() -> None:
    bench = Bench(NEVER_SECONDS, SOON_SECONDS)
    bench.attach(5)
    append(bench.log, bytes(2 * SMALL_CAPACITY_BYTES))
    bench.timer.note_blocked()
    bench.log.set_hold(5, 1)
    bench.timer.acknowledge(5)
    assert bench.log.room == 0
    assert await bench.next_end() == (5, "stalled")


async def test_blocked_since_before_this_daemon() -> None:
    """The log was full already, so nobody says that it has become so; the client came back and acknowledges nothing."""
    log = make_log()
    log.set_hold(5, 0)
    append(log, bytes(2 * SMALL_CAPACITY_BYTES))
    bench = Bench(SOON_SECONDS, SOON_SECONDS, log)
    bench.timer.attach(5)
    assert await bench.next_end() == (5, "stalled")


async def test_dropped_and_closed_in_time() -> None:
    bench = Bench(0.0, NEVER_SECONDS)
    bench.attach(5)
    bench.attach(6)
    bench.timer.leave(5)
    bench.timer.drop(5)
    bench.timer.leave(6)
    bench.timer.close()
    for _ in range(5):
        await asyncio.sleep(0)
    assert bench.ended.empty()
    assert list(bench.log.hold_keys()) == [6]
