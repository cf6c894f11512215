"""The way of keys: a real pipe and a real terminal."""

import asyncio
import fcntl
import os
import pty
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest
from ptyd_protocol.limits import MAX_INPUT_BYTES

from ptyd.core.limits.token_bucket import TokenBucket
from ptyd.core.log.input_ledger import ENGINE_KEY, InputLedger
from ptyd.core.viewing.attachment import Attachment
from ptyd.edge.terminal.input_pipe import MAX_WAITING, InputPipe, PendingInput, bytes_readable
from tests.core.memory import make_log
from tests.support.waiting import wait_until_async


@dataclass
class Typist:
    """What the pipe asks of an attachment."""

    key: int = 5
    closed: bool = False
    acknowledged: list[int] = field(default_factory=list)
    void: list[int] = field(default_factory=list)

    def press(self, pipe: InputPipe, seq: int, data: bytes) -> None:
        pipe.deliver(
            PendingInput(
                data,
                cast(Attachment, self),
                seq,
                lambda: self.acknowledged.append(seq),
                lambda: self.void.append(seq),
            )
        )


class Bench:
    """A pipe and a raw terminal, as the keeper holds them for one session."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.read_fd, self.write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(self.write_fd, fcntl.F_SETPIPE_SZ, MAX_INPUT_BYTES)
        os.set_blocking(self.master, False)
        os.set_blocking(self.slave, False)
        self.ledger = InputLedger(make_log().words)
        self.got = b""

    def open_pipe(self) -> InputPipe:
        """As a daemon does at its start."""
        return InputPipe(asyncio.get_running_loop(), self.read_fd, self.write_fd, self.master, self.ledger)

    def read(self) -> bytes:
        """All that the program has got so far."""
        while True:
            try:
                self.got += os.read(self.slave, 65536)
            except BlockingIOError:
                return self.got

    async def read_until(self, length: int) -> bytes:
        await wait_until_async(lambda: len(self.read()) >= length, what=f"{length} bytes")
        return self.got

    def close(self) -> None:
        for fd in (self.master, self.slave, self.read_fd, self.write_fd):
            os.close(fd)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


async def test_a_key_is_there_at_once(bench: Bench) -> None:
    """Without a turn of the event loop."""
    pipe, typist = bench.open_pipe(), Typist()
    typist.press(pipe, 1, b"k")
    assert bench.read() == b"k"
    assert typist.acknowledged == [1]
    assert bench.ledger.last_seq(typist.key) == 1


async def test_in_order_through_a_full_terminal(bench: Bench) -> None:
    pipe, typist = bench.open_pipe(), Typist()
    pieces = [bytes([number]) * MAX_INPUT_BYTES for number in range(10)]
    for seq, piece in enumerate(pieces, 1):
        typist.press(pipe, seq, piece)
    assert len(typist.acknowledged) < 10  # the program reads nothing yet
    assert await bench.read_until(10 * MAX_INPUT_BYTES) == b"".join(pieces)
    assert typist.acknowledged == list(range(1, 11))


async def test_no_watcher_stays(bench: Bench) -> None:
    """A writable terminal would wake the loop for ever."""
    pipe, typist = bench.open_pipe(), Typist()
    for seq in range(1, 4):
        typist.press(pipe, seq, bytes(MAX_INPUT_BYTES))
    await bench.read_until(3 * MAX_INPUT_BYTES)
    await wait_until_async(lambda: typist.acknowledged == [1, 2, 3])
    assert not asyncio.get_running_loop().remove_writer(bench.master)
    pipe.close()


async def test_what_a_dead_daemon_left_is_taken_and_sent_on(bench: Bench) -> None:
    """Killed behind the write and before its record."""
    bench.ledger.announce(5, 7, 0)
    os.write(bench.write_fd, b"left")
    bench.open_pipe()
    assert bench.read() == b"left"
    assert bench.ledger.last_seq(5) == 7


async def test_what_a_dead_daemon_announced_only_is_not_taken(bench: Bench) -> None:
    bench.ledger.announce(5, 7, 0)
    bench.open_pipe()
    assert bench.read() == b""
    assert bench.ledger.last_seq(5) == 0


async def test_taken_already_is_acknowledged_and_dropped(bench: Bench) -> None:
    pipe, typist = bench.open_pipe(), Typist()
    typist.press(pipe, 1, b"a")
    typist.press(pipe, 1, b"A")
    assert bench.read() == b"a"
    assert typist.acknowledged == [1, 1]


async def test_who_has_left_is_passed_over(bench: Bench) -> None:
    pipe, gone, stays = bench.open_pipe(), Typist(key=5), Typist(key=7)
    for seq in range(1, 5):
        gone.press(pipe, seq, b"g" * MAX_INPUT_BYTES)
    stays.press(pipe, 1, b"s")
    gone.closed = True
    pipe.drop(cast(Attachment, gone))
    taken = len(gone.acknowledged)
    await bench.read_until(taken * MAX_INPUT_BYTES + 1)
    assert bench.got == b"g" * MAX_INPUT_BYTES * taken + b"s"
    assert bench.ledger.last_seq(5) == taken
    assert stays.acknowledged == [1]


async def test_the_end_is_told_to_who_waits(bench: Bench) -> None:
    pipe, typist = bench.open_pipe(), Typist()
    for seq in range(1, 5):
        typist.press(pipe, seq, bytes(MAX_INPUT_BYTES))
    waiting = [seq for seq in range(1, 5) if seq not in typist.acknowledged]
    pipe.close()
    typist.press(pipe, 5, b"late")
    assert typist.void == [*waiting, 5]


async def test_how_much_is_in_a_pipe(bench: Bench) -> None:
    assert bytes_readable(bench.read_fd) == 0
    os.write(bench.write_fd, b"12345")
    assert bytes_readable(bench.read_fd) == 5


# --- answers of the engine


def answer(pipe: InputPipe, offset: int, data: bytes) -> None:
    pipe.deliver(PendingInput(data, None, offset, lambda: None, key=ENGINE_KEY))


async def test_an_answer_is_taken_once(bench: Bench) -> None:
    pipe = bench.open_pipe()
    answer(pipe, 100, b"one;")
    answer(pipe, 100, b"again;")
    answer(pipe, 99, b"before;")
    answer(pipe, 200, b"two;")
    assert bench.read() == b"one;two;"
    assert bench.ledger.last_seq(ENGINE_KEY) == 200


async def test_an_answer_that_a_dead_daemon_left_is_not_given_again(bench: Bench) -> None:
    bench.ledger.announce(ENGINE_KEY, 100, 0)
    os.write(bench.write_fd, b"one;")
    pipe = bench.open_pipe()
    answer(pipe, 100, b"one;")
    assert bench.read() == b"one;"


async def test_answers_and_keys_keep_their_order(bench: Bench) -> None:
    pipe, typist = bench.open_pipe(), Typist()
    typist.press(pipe, 1, b"a")
    answer(pipe, 7, b"b")
    typist.press(pipe, 2, b"c")
    assert bench.read() == b"abc"
    assert (bench.ledger.last_seq(ENGINE_KEY), bench.ledger.last_seq(typist.key)) == (7, 2)


async def test_answers_do_not_pile_up_before_a_program_that_reads_nothing(bench: Bench) -> None:
    pipe, typist = bench.open_pipe(), Typist()
    for seq in range(1, 5):
        typist.press(pipe, seq, bytes(MAX_INPUT_BYTES))
    assert len(typist.acknowledged) < 4
    for offset in range(1, 10 * MAX_WAITING):
        answer(pipe, offset, b"a")
    typist.press(pipe, 5, b"key")
    got = await bench.read_until(4 * MAX_INPUT_BYTES + 3)
    await wait_until_async(lambda: typist.acknowledged == [1, 2, 3, 4, 5])
    assert bench.read().endswith(b"key")
    assert got.count(b"a") <= MAX_WAITING


async def test_typing_beyond_its_rate_waits_and_is_not_acknowledged(bench: Bench) -> None:
    pipe, typist, paused = bench.open_pipe(), Typist(), []
    pipe.pace(TokenBucket(2000, asyncio.get_running_loop().time()), lambda: paused.append(1))
    for seq in range(1, 5):
        typist.press(pipe, seq, bytes([seq]) * 1500)
    assert typist.acknowledged == [1, 2]  # the second overdraws it by half a second
    assert paused == [1]
    answers: list[int] = []
    pipe.deliver(PendingInput(b"\x1b[0n", None, 40, lambda: answers.append(40), key=ENGINE_KEY))
    assert (bench.read(), answers) == (b"\1" * 1500 + b"\2" * 1500, [])
    assert await bench.read_until(6004) == b"".join(bytes([seq]) * 1500 for seq in range(1, 5)) + b"\x1b[0n"
    assert (typist.acknowledged, answers) == ([1, 2, 3, 4], [40])
    assert len(paused) > 1


async def test_what_waits_for_its_time_is_void_at_the_end(bench: Bench) -> None:
    pipe, typist = bench.open_pipe(), Typist()
    pipe.pace(TokenBucket(16, asyncio.get_running_loop().time()), lambda: None)
    for seq in (1, 2):
        typist.press(pipe, seq, bytes(100))
    pipe.close()
    assert (typist.acknowledged, typist.void) == ([1], [2])
