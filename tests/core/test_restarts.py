from ptyd.core.restarts import BUDGET, BUDGET_SECONDS, MAX_DELAY_SECONDS, recent_failures, restart_delay


def test_later_each_time_and_not_for_ever() -> None:
    delays = [restart_delay([0.0] * count) for count in range(1, BUDGET + 2)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] is None
    assert all(delay is None or delay <= MAX_DELAY_SECONDS for delay in delays)


def test_old_failures_are_forgotten() -> None:
    assert recent_failures([0.0, 100.0, 200.0], BUDGET_SECONDS + 100) == [200.0]
    assert recent_failures([500.0], 100.0) == [500.0]
