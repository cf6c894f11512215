"""Back-off, timers, logs and the runtime directory, each by itself."""

import os
from pathlib import Path

import pytest

from ptyd.keeper import logs
from ptyd.keeper.backoff import Backoff
from ptyd.keeper.logs import measure_log, open_log, read_log_tail
from ptyd.keeper.options import read_number
from ptyd.keeper.runtime_dir import RuntimeDirError, prepare_runtime_dir
from ptyd.keeper.timers import Timers
from ptyd.keeper.watchdog import Watchdog


def test_backoff_doubles_to_its_limit() -> None:
    backoff = Backoff(lambda: 0.0, budget=10_000)
    delays = [backoff.delay_after(0.5) for _ in range(9)]
    assert delays == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_backoff_forgives_a_long_life() -> None:
    backoff = Backoff(lambda: 0.0, budget=10_000)
    for _ in range(5):
        backoff.delay_after(0.5)
    assert backoff.delay_after(10.0) == 0.0
    assert backoff.delay_after(0.5) == 0.0
    assert backoff.delay_after(0.5) == 0.1


def test_backoff_never_overflows() -> None:
    backoff = Backoff(lambda: 0.0, budget=10_000)
    assert [backoff.delay_after(0.0) for _ in range(5000)][-1] == 5.0


def test_crash_budget_slows_down_and_is_earned_again() -> None:
    clock = Clock()
    backoff = Backoff(clock, budget=5)
    delays = []
    for _ in range(7):
        clock.now += 2
        delays.append(backoff.delay_after(2.0, has_served=True))
    assert delays == [0.0, 0.1, 0.2, 0.4, 0.5, 10.0, 10.0]
    assert backoff.is_over_budget
    clock.now += 55
    assert (backoff.recent_deaths, backoff.is_over_budget) == (3, False)
    assert backoff.delay_after(2.0, has_served=True) == 0.5


def test_watchdog_counts_silent_ticks() -> None:
    clock = Clock()
    watchdog = Watchdog(clock, 5.0)

    def tick() -> bool:
        clock.now += 5
        return watchdog.tick()

    assert not any(tick() for _ in range(6))
    watchdog.note_alive()
    assert [tick() for _ in range(7)] == [False] * 6 + [True]


def test_watchdog_forgives_what_stopped_the_keeper_too() -> None:
    clock = Clock()
    watchdog = Watchdog(clock, 5.0)
    for _ in range(5):
        clock.now += 5
        watchdog.tick()
    clock.now += 3600  # asleep
    assert not watchdog.tick()
    for _ in range(6):
        clock.now += 5
        assert not watchdog.tick()
    clock.now += 5
    assert watchdog.tick()


@pytest.mark.parametrize(
    ("text", "number"), [(None, 5.0), ("7", 7.0), ("0", 0.0), ("", 5.0), ("-1", 5.0), ("nan", 5.0), ("x", 5.0)]
)
def test_settings_of_the_keeper_cannot_keep_it_from_starting(text: str | None, number: float) -> None:
    assert read_number({} if text is None else {"X": text}, "X", 5.0) == number


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_timers_come_in_their_order_and_not_before() -> None:
    clock = Clock()
    timers = Timers(clock)
    calls: list[str] = []
    timers.call_later(2, lambda: calls.append("late"))
    timers.call_later(1, lambda: calls.append("first"))
    timers.call_later(1, lambda: calls.append("second"))
    timers.call_later(1, lambda: calls.append("cancelled")).cancel()
    assert timers.seconds_to_next() == 1
    assert timers.pop_due() is None
    clock.now += 1
    while (call := timers.pop_due()) is not None:
        call()
    assert calls == ["first", "second"]
    assert timers.seconds_to_next() == 1


def test_no_timer_means_no_limit() -> None:
    timers = Timers(Clock())
    assert timers.seconds_to_next() is None
    timers.call_later(1, lambda: None).cancel()
    assert timers.seconds_to_next() is None


def test_log_is_appended_and_put_aside_when_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 10)
    path = tmp_path / "x.log"
    for text in (b"first", b" second", b"third"):
        fd = open_log(path)
        os.write(fd, text)
        os.close(fd)
    assert path.read_bytes() == b"third"
    assert (tmp_path / "x.log.1").read_bytes() == b"first second"


def test_log_tail_is_of_this_run_only(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert measure_log(path) == 0
    assert read_log_tail(path, 0) == []
    path.write_text("old\n")
    start = measure_log(path)
    path.write_text("old\n" + "".join(f"line {n}\n\n" for n in range(20)))
    assert read_log_tail(path, start) == [f"line {n}" for n in range(15, 20)]
    path.write_text("put aside meanwhile\n")
    assert read_log_tail(path, 10_000) == ["put aside meanwhile"]


def test_runtime_dir_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert prepare_runtime_dir(Path("here")) == tmp_path / "here"


def test_runtime_dir_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeDirError, match="cannot use the runtime directory"):
        prepare_runtime_dir(tmp_path / "file")


def test_runtime_dir_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    with pytest.raises(RuntimeDirError, match="belongs to user"):
        prepare_runtime_dir(tmp_path)


def test_runtime_dir_with_too_long_a_name(tmp_path: Path) -> None:
    with pytest.raises(RuntimeDirError, match="PTYD_DIR"):
        prepare_runtime_dir(tmp_path / ("x" * 100))
