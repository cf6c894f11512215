"""Somebody sets the clock: what waits goes by a clock that nobody sets."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ptyd.keeper.backoff import Backoff
from ptyd.keeper.loop import Loop
from ptyd.services import sessions as service


class WallClock:
    """In place of ``time``: its ``time()`` is set at will."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@pytest.mark.parametrize("jump_seconds", [-86_400.0, 86_400.0])
async def test_waiting_for_silence_does_not_go_by_the_wall_clock(
    monkeypatch: pytest.MonkeyPatch, jump_seconds: float
) -> None:
    clock = WallClock(1_700_000_000.0)
    monkeypatch.setattr(service, "time", clock)
    naps: list[float] = []
    session: Any = SimpleNamespace(has_ended=False, last_output_at=clock.now - 1, output_noted_at=0.0)

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        clock.now += jump_seconds
        session.output_noted_at -= seconds  # as if they had passed

    monkeypatch.setattr(service.asyncio, "sleep", nap)
    await service._wait_until_idle(session, 5.0)
    assert len(naps) == 1
    assert naps[0] == pytest.approx(4.0, abs=0.5)


async def test_output_from_the_future_is_output_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock was set back between two daemons: the log says that output came tomorrow."""
    naps: list[float] = []
    session: Any = SimpleNamespace(has_ended=False, last_output_at=time.time() + 86_400, output_noted_at=0.0)

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        session.has_ended = True

    monkeypatch.setattr(service.asyncio, "sleep", nap)
    await service._wait_until_idle(session, 5.0)
    assert naps[0] == pytest.approx(5.0, abs=0.5)


def test_keeper_does_not_go_by_the_wall_clock() -> None:
    assert Loop()._timers._clock is time.monotonic
    assert "time.time" not in Path(Backoff.__init__.__code__.co_filename).read_text()
