"""Background tasks: kept, and heard when they fail."""

import asyncio

import pytest

from ptyd.edge.tasks import Tasks


async def fail() -> None:
    raise ValueError("for the log")


async def test_an_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = Tasks().start(fail(), "doomed")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert "doomed" in caplog.text
    assert "for the log" in caplog.text


async def test_all_end(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()
    begun = [tasks.start(asyncio.sleep(3600), f"sleeper {number}") for number in range(3)]
    await tasks.cancel_all()
    assert all(task.cancelled() for task in begun)
    await tasks.cancel_all()
    assert caplog.text == ""
