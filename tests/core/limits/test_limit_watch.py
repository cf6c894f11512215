"""When time is up for a session, and when it is nearly."""

from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.limits.limit_watch import REMIND_SECONDS, LimitWatch
from ptyd.core.limits.session_limits import Crossing


def test_nothing_is_limited() -> None:
    watch = LimitWatch(SessionLimits(lifetime_seconds=0), began_at=0)
    assert watch.next_look(1e9, 0, is_attended=False) is None
    assert watch.look(1e9, 0, is_attended=False) == []


def test_a_lifetime_warns_once_and_ends() -> None:
    watch = LimitWatch(SessionLimits(lifetime_seconds=100.0), began_at=1000.0)
    assert watch.next_look(1000, 1000, is_attended=True) == 1090
    assert watch.look(1089, 1089, is_attended=True) == []
    assert watch.look(1090, 1090, is_attended=True) == [Crossing("lifetime_seconds", 90, 100)]
    assert watch.look(1091, 1091, is_attended=True) == []
    assert watch.next_look(1091, 1091, is_attended=True) == 1100
    [crossing] = watch.look(1100, 1100, is_attended=True)
    assert crossing.is_hard
    assert crossing.reason == "it had run for 1m40s, which is its limit (lifetime_seconds)"


def test_who_is_attended_is_not_idle() -> None:
    watch = LimitWatch(SessionLimits(idle_seconds=10.0), began_at=0)
    assert watch.next_look(0, 0, is_attended=True) is None
    assert watch.look(1000, 0, is_attended=True) == []


def test_output_puts_the_end_off_and_a_new_warning_follows() -> None:
    watch = LimitWatch(SessionLimits(idle_seconds=10.0), began_at=0)
    assert watch.next_look(5, 5, is_attended=False) == 14
    assert [one.is_hard for one in watch.look(14, 5, is_attended=False)] == [False]
    assert watch.look(14.5, 14.2, is_attended=False) == []
    assert watch.next_look(14.5, 14.2, is_attended=False) == 14.2 + 9
    assert [one.is_hard for one in watch.look(23.5, 14.2, is_attended=False)] == [False]
    [crossing] = watch.look(24.2, 14.2, is_attended=False)
    assert crossing.is_hard
    assert crossing.reason == ("for 10s nothing was written and nobody was attached, which is its limit (idle_seconds)")


def test_the_nearer_end_is_looked_for_first() -> None:
    watch = LimitWatch(SessionLimits(lifetime_seconds=100.0, idle_seconds=10.0), began_at=0)
    assert watch.next_look(50, 50, is_attended=False) == 59
    assert watch.next_look(89, 89, is_attended=False) == 90


def test_a_daemon_that_was_away_finds_what_is_over() -> None:
    """No warning comes before an end that is due."""
    watch = LimitWatch(SessionLimits(lifetime_seconds=100.0), began_at=0)
    assert [one.is_hard for one in watch.look(500, 500, is_attended=False)] == [True]


def test_who_is_made_to_wait_is_told_now_and_then() -> None:
    watch = LimitWatch(SessionLimits(output_bytes_per_second=1024), began_at=0)
    crossing = watch.note_pacing("output_bytes_per_second", 5.0)
    assert crossing is not None and not crossing.is_hard
    assert crossing.message == "its program waits: it writes more than 1 KiB/s (output_bytes_per_second)"
    assert watch.note_pacing("output_bytes_per_second", 5.0 + REMIND_SECONDS - 1) is None
    assert watch.note_pacing("output_bytes_per_second", 5.0 + REMIND_SECONDS) is not None
