"""Health's answers, and the loop's lag."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ptyd.edge import health
from ptyd.edge.health import Health, find_disk_problem
from ptyd.edge.loop_lag import LoopLag
from tests.support.waiting import wait_until_async


def test_what_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    state = {"keeper": "", "disk": ""}
    watched = Health(lambda: state["keeper"], lambda: state["disk"])
    assert watched.find_problems() == []
    state["disk"] = "it is full"
    assert watched.find_problems() == ["it is full"]


def test_an_answer_is_kept_for_a_while() -> None:
    asked: list[int] = []

    def check() -> str:
        asked.append(1)
        return ""

    watched = Health(check)
    for _ in range(5):
        watched.find_problems()
    assert len(asked) < 5


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_disk_problem(tmp_path) == ""
    assert "No such file" in find_disk_problem(tmp_path / "gone")

    class Full:
        f_flag, f_bavail, f_frsize = 0, 10, 4096

    class ReadOnly:
        f_flag, f_bavail, f_frsize = os.ST_RDONLY, 1 << 30, 4096

    def pretend(kind: Any) -> None:
        monkeypatch.setattr(health.os, "statvfs", lambda path: kind)

    pretend(Full)
    assert "bytes left" in find_disk_problem(tmp_path)
    pretend(ReadOnly)
    assert "read-only" in find_disk_problem(tmp_path)


async def test_a_loop_that_stands_still_is_late() -> None:
    lag = LoopLag()
    try:
        await wait_until_async(lambda: sum(lag.histogram.counts) >= 1)
        before = lag.histogram.total
        threading.Event().wait(0.6)  # longer than until the next look, so that it comes late by the rest
        await wait_until_async(lambda: lag.histogram.total - before >= 0.3)
    finally:
        lag.stop()
