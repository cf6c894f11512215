"""When a hold ends, with the time in the test's hand."""

from ptyd.core.log.holds import HoldWatch

GRACE, STALL = 10.0, 60.0


def make_watch() -> HoldWatch:
    return HoldWatch(GRACE, STALL)


def next_deadline(watch: HoldWatch) -> float | None:
    deadline = watch.next_deadline()
    return None if deadline == float("inf") else deadline


def test_an_attached_hold_has_no_end() -> None:
    watch = make_watch()
    watch.attach(5)
    assert 5 in watch
    assert next_deadline(watch) is None
    assert watch.expire(1e9) == []


def test_grace() -> None:
    watch = make_watch()
    watch.attach(5)
    watch.leave(5, 100.0)
    assert next_deadline(watch) == 110.0
    assert watch.expire(109.9) == []
    assert watch.expire(110.0) == [(5, "grace_expired")]
    assert 5 not in watch
    assert watch.expire(1e9) == []


def test_back_in_time() -> None:
    watch = make_watch()
    watch.leave(5, 100.0)
    watch.attach(5)
    assert next_deadline(watch) is None
    assert watch.expire(1e9) == []
    watch.leave(5, 200.0)
    assert next_deadline(watch) == 210.0


def test_stall() -> None:
    watch = make_watch()
    watch.attach(5)
    watch.set_blocking([5], 100.0)
    watch.set_blocking([5], 130.0)  # since the first
    assert next_deadline(watch) == 160.0
    assert watch.expire(160.0) == [(5, "stalled")]


def test_acknowledging_begins_the_stall_anew() -> None:
    watch = make_watch()
    watch.attach(5)
    watch.set_blocking([5], 100.0)
    watch.acknowledge(5)
    watch.set_blocking([5], 150.0)
    assert watch.expire(209.9) == []
    assert watch.expire(210.0) == [(5, "stalled")]


def test_who_does_not_block_does_not_stall() -> None:
    watch = make_watch()
    watch.attach(5)
    watch.attach(6)
    watch.set_blocking([5], 100.0)
    watch.set_blocking([6], 110.0)
    assert watch.expire(169.9) == []
    assert watch.expire(170.0) == [(6, "stalled")]
    assert 5 in watch


def test_away_and_blocking() -> None:
    """Whichever is sooner; that it was away is what is told."""
    watch = HoldWatch(100.0, 60.0)
    watch.leave(5, 0.0)
    watch.set_blocking([5], 10.0)
    assert next_deadline(watch) == 70.0
    assert watch.expire(70.0) == [(5, "grace_expired")]


def test_dropped() -> None:
    watch = make_watch()
    watch.leave(5, 0.0)
    watch.drop(5)
    watch.drop(5)
    watch.acknowledge(5)
    assert watch.next_deadline() is None
    assert watch.expire(1e9) == []


def test_several_at_once() -> None:
    watch = make_watch()
    for key in (1, 2, 3):
        watch.leave(key, float(key))
    assert [key for key, _ in watch.expire(12.0)] == [1, 2]
    assert next_deadline(watch) == 13.0
