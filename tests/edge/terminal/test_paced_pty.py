"""A flood is slowed, and nothing of it is cut."""

import asyncio

import pytest

from ptyd.edge.terminal.paced_pty import PacedPty
from ptyd.edge.terminal.pty import Pty
from tests.core.memory import make_log
from tests.edge.terminal import test_pty
from tests.edge.terminal.test_pty import Session, sessions  # noqa: F401 - a fixture

RATE = 60_000
TEXT = b"".join(b"%d\n" % number for number in range(1, 20001))


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every Pty of the test is paced; counts how often its program had to wait."""
    waits: list[int] = []

    def make(*arguments: object) -> Pty:
        pty = PacedPty(*arguments)  # type: ignore[arg-type]
        pty.pace_output(RATE, lambda: waits.append(1))
        return pty

    monkeypatch.setattr(test_pty, "Pty", make)
    return waits


async def test_a_flood_takes_its_time_and_comes_whole(sessions: list[Session], paced: list[int]) -> None:  # noqa: F811
    begun = asyncio.get_running_loop().time()
    session = Session("sh", "-c", "seq 20000; exec sleep 600", log=make_log(256 * 1024))
    sessions.append(session)
    await session.wait_text(b"\n20000\n")
    assert session.text() == TEXT
    took = asyncio.get_running_loop().time() - begun
    assert took >= (len(TEXT) - RATE) / RATE - 0.1  # all but the first second's worth
    assert paced


async def test_acknowledgements_do_not_hurry_it(sessions: list[Session], paced: list[int]) -> None:  # noqa: F811
    """Whoever says that there is room in the log does not say that there is time."""
    session = Session("sh", "-c", "seq 20000; exec sleep 600", log=make_log(256 * 1024))
    sessions.append(session)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while b"\n20000\n" not in session.text():
        session.pty.resume_reading()
        assert session.log.head <= RATE * (loop.time() - begun + 1.1)
        await asyncio.sleep(0)


async def test_the_end_does_not_wait(sessions: list[Session], paced: list[int]) -> None:  # noqa: F811
    session = Session("sh", "-c", "seq 20000", log=make_log(256 * 1024))
    sessions.append(session)
    await session.wait_drained()
    assert session.text() == TEXT


async def test_a_quiet_program_is_not_slowed(sessions: list[Session], paced: list[int]) -> None:  # noqa: F811
    session = Session("cat", log=make_log(256 * 1024))
    sessions.append(session)
    for number in range(20):
        session.pty.write(None, 0, b"key %d\n" % number)
        await session.wait_text(b"key %d\n" % number)
    assert paced == []
