"""Slowed down, and given up only after a minute of it."""

from ptyd.core.limits.throttle import NO_PAUSE, Throttle


def test_who_keeps_to_the_rate_is_never_slowed() -> None:
    throttle = Throttle(messages_per_second=100, bytes_per_second=1000)
    assert all(throttle.note(10, 100, second / 10) is NO_PAUSE for second in range(1000))


def test_messages_and_bytes_each_slow_down() -> None:
    assert Throttle(100, 1000).note(250, 0, 0.0).seconds == 0.5
    assert Throttle(100, 1000).note(0, 2500, 0.0).seconds == 0.5
    assert Throttle(100, 1000).note(10**6, 0, 0.0).seconds == Throttle.MOST_SECONDS


def test_given_up_after_a_minute_without_rest() -> None:
    throttle, now = Throttle(100, 1000), 0.0
    while not (pause := throttle.note(300, 0, now)).is_hopeless:
        now += pause.seconds
    assert Throttle.PATIENCE_SECONDS < now <= Throttle.PATIENCE_SECONDS + Throttle.MOST_SECONDS


def test_a_rest_begins_anew() -> None:
    throttle, now = Throttle(100, 1000), 0.0
    for _ in range(200):
        pause = throttle.note(250, 0, now)
        assert not pause.is_hopeless
        now += pause.seconds + 3
        throttle.note(1, 1, now)
    assert now > 5 * Throttle.PATIENCE_SECONDS
