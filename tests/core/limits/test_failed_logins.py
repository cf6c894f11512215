"""The more guesses, the longer the wait; and nobody else waits."""

from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.limits.failed_logins import (
    FIRST_DELAY_SECONDS,
    MOST_ADDRESSES,
    MOST_DELAY_SECONDS,
    WINDOW_SECONDS,
    FailedLogins,
)


def fail(logins: FailedLogins, times: int, now: float, address: str = "a") -> None:
    for _ in range(times):
        logins.note_failure(address, now)


def test_the_first_are_free_then_each_costs_twice_as_much() -> None:
    logins = FailedLogins(3)
    fail(logins, 2, 0.0)
    assert logins.wait_seconds("a", 0.0) == 0
    waits = []
    for _ in range(12):
        logins.note_failure("a", 100.0)
        waits.append(logins.wait_seconds("a", 100.0))
    assert waits[:4] == [FIRST_DELAY_SECONDS * factor for factor in (1, 2, 4, 8)]
    assert waits[-1] == MOST_DELAY_SECONDS
    assert logins.wait_seconds("b", 100.0) == 0
    assert logins.wait_seconds("a", 100.0 + MOST_DELAY_SECONDS) == 0


def test_forgiven_by_time_or_by_a_good_login() -> None:
    logins = FailedLogins(3)
    fail(logins, 20, 0.0)
    assert logins.wait_seconds("a", WINDOW_SECONDS + 1) == 0
    fail(logins, 2, WINDOW_SECONDS + 1)
    assert logins.wait_seconds("a", WINDOW_SECONDS + 1) == 0
    fail(logins, 20, 2000.0)
    logins.note_success("a")
    assert logins.wait_seconds("a", 2000.0) == 0
    assert len(logins) == 0


def test_the_table_is_bounded_and_forgets_the_quietest() -> None:
    logins = FailedLogins(1)
    for number in range(MOST_ADDRESSES * 3):
        logins.note_failure(str(number), float(number) / 1e6)
        logins.note_failure("busy", float(number) / 1e6)
    assert len(logins) == MOST_ADDRESSES
    assert logins.wait_seconds("busy", 0.1) > 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5000)), max_size=200))
def test_bounded_waits(failures: list[tuple[str, float]]) -> None:
    logins = FailedLogins(2)
    for address, now in sorted(failures, key=lambda one: one[1]):
        logins.note_failure(address, now)
        assert 0 <= logins.wait_seconds(address, now) <= MOST_DELAY_SECONDS
