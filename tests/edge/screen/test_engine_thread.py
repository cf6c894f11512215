"""The thread of the engines: turns one after the other."""

import threading

from ptyd.edge.screen.engine_thread import EngineThread
from tests.support.waiting import wait_for_event


def test_turns_are_taken_in_order_by_one_thread() -> None:
    thread, taken, done = EngineThread(), [], threading.Event()
    for number in range(100):
        thread.submit(lambda number=number: taken.append((number, threading.current_thread().name)))  # type: ignore[misc]
    thread.submit(done.set)
    wait_for_event(done)
    assert taken == [(number, "ptyd-engine") for number in range(100)]
    thread.close()


def test_closing_finishes_what_was_asked_for() -> None:
    thread, go, taken = EngineThread(), threading.Event(), []
    thread.submit(go.wait)  # type: ignore[arg-type]
    thread.submit(lambda: taken.append(1))
    assert taken == []
    go.set()
    thread.close()
    assert taken == [1]


def test_closing_what_never_ran() -> None:
    EngineThread().close()
