"""A terminal at the event loop: into the log, and to its end."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import tty
from collections.abc import Iterator

import pytest
from ptyd_protocol.limits import MAX_INPUT_BYTES

from ptyd.core.log.input_ledger import InputLedger
from ptyd.core.log.replay_log import ReplayLog
from ptyd.edge.keeper_link import SessionFds
from ptyd.edge.terminal.pty import Pty, terminal_size
from tests.core.memory import SMALL_CAPACITY_BYTES, make_log
from tests.edge.descriptors import count_fds
from tests.support.waiting import wait_until_async


class Session:
    """A child on a terminal, as the keeper makes it, and the daemon's Pty over it."""

    def __init__(self, *argv: str, log: ReplayLog | None = None, raw: bool = True) -> None:
        master, slave = pty.openpty()
        if raw:
            tty.setraw(slave)
        self.child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_own_terminal
        )
        os.close(slave)
        os.set_blocking(master, False)
        read_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, MAX_INPUT_BYTES)
        fds = SessionFds(master, read_fd, write_fd, os.pidfd_open(self.child.pid))
        self.log = log or make_log()
        self.master = master
        self.outputs = 0
        self.pieces = 0
        self.told = self.log.head
        self.blocked = 0
        self.has_spoken_late = False
        self.drained = asyncio.Event()
        self.pty = Pty(
            self.child.pid, fds, self.log, InputLedger(self.log.words), self._note_piece, self._note_output,
            self._note_blocked, self.drained.set,
        )  # fmt: skip
        self.pty.resume_reading()

    def _note_piece(self, offset: int) -> None:
        self.pieces += 1
        assert offset == self.told < self.log.head
        self.told = self.log.head

    def _note_output(self, offset: int) -> None:
        assert offset == self.told
        self.told = self.log.head
        self.outputs += 1
        self.has_spoken_late |= self.drained.is_set()

    def _note_blocked(self) -> None:
        self.blocked += 1

    def text(self) -> bytes:
        return self.log.read(self.log.oldest, self.log.capacity)

    async def wait_text(self, wanted: bytes) -> None:
        await wait_until_async(lambda: wanted in self.text(), what=lambda: f"{wanted!r} in {self.text()[-500:]!r}")

    async def wait_drained(self) -> None:
        await asyncio.to_thread(self.child.wait)
        self.pty.drain()
        await asyncio.wait_for(self.drained.wait(), 15)

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        self.pty.close()


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
async def sessions() -> Iterator[list[Session]]:
    sessions: list[Session] = []
    before = count_fds()
    yield sessions  # type: ignore[misc]
    for session in sessions:
        session.end()
        assert not session.has_spoken_late  # nothing comes behind the end
    assert count_fds() == before


async def test_output_and_end(sessions: list[Session]) -> None:
    session = Session("sh", "-c", "seq 20000")
    sessions.append(session)
    await session.wait_drained()
    wanted = b"".join(b"%d\n" % number for number in range(1, 20001))
    assert session.text() == wanted
    assert session.pty.closed
    assert session.outputs > 1


async def test_a_flood_is_looked_at_between_two_reads(sessions: list[Session]) -> None:
    session = Session("head", "-c", "3000000", "/dev/zero")
    sessions.append(session)
    await session.wait_drained()
    assert session.log.head == session.told == 3_000_000
    assert session.pieces > 0


async def test_the_end_comes_after_the_last_byte(sessions: list[Session]) -> None:
    """Also where nothing was read while the child lived."""
    for _ in range(10):
        session = Session("sh", "-c", "printf 0123456789%.0s $(seq 300); exit 1")
        sessions.append(session)
        session.child.wait()  # the loop stands still
        await session.wait_drained()
        assert session.text() == b"0123456789" * 300


async def test_somebody_else_keeps_the_terminal_open(sessions: list[Session]) -> None:
    session = Session("sh", "-c", "trap '' HUP; sleep 600 & echo $!; echo last")
    sessions.append(session)
    await session.wait_drained()
    assert session.text().endswith(b"last\n")
    os.kill(int(session.text().split()[0]), signal.SIGKILL)


async def test_somebody_else_floods_the_terminal(sessions: list[Session]) -> None:
    """The session ends nevertheless; and the other, whose terminal is gone then."""
    session = Session("sh", "-c", "trap '' HUP; yes &")
    sessions.append(session)
    await session.wait_drained()


async def test_a_hold_stops_the_reading_and_its_move_resumes_it(sessions: list[Session]) -> None:
    log = make_log()
    log.set_hold(5, 0)
    session = Session("sh", "-c", "seq 300000; read x", log=log)
    sessions.append(session)
    await wait_until_async(lambda: session.blocked)
    assert log.room == 0
    assert log.oldest == 0
    whole = b"".join(b"%d\n" % number for number in range(1, 300_001))
    got = b""
    while len(got) < len(whole):
        got += log.read(len(got), SMALL_CAPACITY_BYTES)
        log.set_hold(5, len(got))
        session.pty.resume_reading()
        await wait_until_async(lambda: log.head > len(got) or len(got) >= len(whole))  # noqa: B023
    assert got == whole


async def test_a_hold_at_the_end(sessions: list[Session]) -> None:
    """The child has gone, the log is full: the rest comes when there is room, and only then the end."""
    log = make_log()
    log.set_hold(5, 0)
    session = Session("sh", "-c", f"head -c {SMALL_CAPACITY_BYTES + 3000} /dev/zero | tr '\\000' x", log=log)
    sessions.append(session)
    await wait_until_async(lambda: session.blocked)
    session.pty.drain()
    assert not session.drained.is_set()
    log.drop_hold(5)
    session.pty.resume_reading()
    await asyncio.to_thread(session.child.wait)
    await asyncio.wait_for(session.drained.wait(), 15)
    assert log.head == SMALL_CAPACITY_BYTES + 3000


async def test_a_child_that_closes_its_terminal_for_a_while(sessions: list[Session]) -> None:
    session = Session("sh", "-c", "echo before; T=$(tty); exec <&- >&- 2>&-; sleep 0.1; exec <$T >$T; echo after")
    sessions.append(session)
    await session.wait_text(b"after")


async def test_size_reaches_the_program(sessions: list[Session]) -> None:
    session = Session("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done", raw=False)
    sessions.append(session)
    await session.wait_text(b"ready")
    session.pty.resize(123, 45)
    await session.wait_text(b"45 123")
    assert terminal_size(session.master) == (123, 45)
    assert struct.unpack("HHHH", fcntl.ioctl(session.master, termios.TIOCGWINSZ, bytes(8)))[:2] == (45, 123)


async def test_signals_to_the_foreground(sessions: list[Session]) -> None:
    session = Session("sh", "-c", "trap 'echo got it' USR1; echo ready; while :; do sleep 0.01; done")
    sessions.append(session)
    await session.wait_text(b"ready")
    session.pty.signal_foreground(signal.SIGUSR1)
    await session.wait_text(b"got it")
    session.child.kill()
    await session.wait_drained()
    with pytest.raises(ProcessLookupError):
        session.pty.signal_foreground(signal.SIGUSR1)


async def test_unnumbered_input(sessions: list[Session]) -> None:
    session = Session("sh", "-c", "head -c 100000 | wc -c; read x")
    sessions.append(session)
    await asyncio.wait_for(session.pty.send(b"x" * 100_000), 15)
    await session.wait_text(b"100000")


async def test_unnumbered_input_that_is_too_late(sessions: list[Session]) -> None:
    session = Session("sleep", "600")
    sessions.append(session)
    sending = asyncio.get_running_loop().create_task(session.pty.send(b"x" * 100_000))
    await asyncio.sleep(0)
    session.child.kill()
    await session.wait_drained()
    with pytest.raises(BrokenPipeError):
        await sending
    with pytest.raises(BrokenPipeError):
        await session.pty.send(b"x")


async def test_living_child(sessions: list[Session]) -> None:
    session = Session("sleep", "600")
    sessions.append(session)
    assert session.pty.living_child() == session.child.pid
    session.child.kill()
    session.child.wait()
    assert session.pty.living_child() is None


async def test_watching_the_child(sessions: list[Session]) -> None:
    session = Session("sleep", "600")
    sessions.append(session)
    ended = asyncio.Event()
    session.pty.watch_child(ended.set)
    session.child.kill()
    await asyncio.wait_for(ended.wait(), 15)
