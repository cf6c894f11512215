"""What passes at a rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.limits.token_bucket import TokenBucket


def test_a_second_of_it_at_once_and_then_the_rate() -> None:
    bucket = TokenBucket(1000, now=50.0)
    assert bucket.available(50.0) == 1000
    bucket.take(1000)
    assert bucket.available(50.0) == 0
    assert bucket.available(50.5) == 500
    assert bucket.available(99.0) == 1000


def test_who_overdraws_waits_for_it() -> None:
    bucket = TokenBucket(1000, now=0.0)
    bucket.take(4000)
    assert bucket.available(2.9) == 0
    assert bucket.available(3.5) == 500


def test_a_wait_is_worth_it() -> None:
    bucket = TokenBucket(1000, now=0.0)
    bucket.take(1000)
    assert bucket.available(0.0) == 0
    assert bucket.wait_seconds() == 0.05
    assert bucket.available(0.05) == 50


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(10, now=5.0)
    bucket.take(10)
    assert bucket.available(5.0) == bucket.available(3.0) == 0


@given(st.integers(1, 10_000), st.lists(st.tuples(st.floats(0, 10), st.integers(0, 20_000)), max_size=30))
def test_never_more_than_the_rate_and_one_burst(rate: int, steps: list[tuple[float, int]]) -> None:
    bucket, now, passed = TokenBucket(rate, now=0.0), 0.0, 0
    for pause, wanted in steps:
        now += pause
        part = min(wanted, bucket.available(now))
        bucket.take(part)
        passed += part
        assert passed <= rate * (now + 1) + 1
        if not bucket.available(now):
            later = now + bucket.wait_seconds() + 1e-6
            assert bucket.available(later) > 0  # who waits as told does not wait in vain
            now = later


def test_what_has_come_already_is_a_debt() -> None:
    bucket = TokenBucket(10, burst_seconds=2)
    assert bucket.spend(20, 0.0) == 0
    assert bucket.spend(5, 0.0) == 0.5  # a debt
    assert bucket.spend(0, 0.5) == 0
    assert bucket.spend(10, 1.5) == 0
    assert bucket.spend(21, 1000.0) == pytest.approx(0.1)  # no more than a burst is saved
