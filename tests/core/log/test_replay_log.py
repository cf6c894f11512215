"""The replay log: absolute offsets over a ring, holds, sizes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ptyd.core.log.log_layout import HEADER_BYTES, HOLD_SLOTS, RESIZE_SLOTS
from ptyd.core.log.replay_log import GUARD_BLOCK_BYTES, GUARD_BYTE, MAX_READ_BYTES, LogDamaged, LogSpan, ReplayLog
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log, make_memory, open_log

SETTLED_GUARD_BYTES = 2 * GUARD_BLOCK_BYTES
"""So much of the ring may be laid out for what is to come."""


def make_bytes(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


def test_empty() -> None:
    log = make_log()
    assert log.span == LogSpan(7, 0, 0)
    assert log.read(0, 100) == b""
    assert log.room == MAX_READ_BYTES
    assert (log.size_count, log.size_record(0)) == (1, (0, 80, 24))


@pytest.mark.parametrize("capacity", [SMALL_CAPACITY_BYTES - GUARD_BLOCK_BYTES, SMALL_CAPACITY_BYTES + 1])
def test_capacity_must_be_blocks(capacity: int) -> None:
    with pytest.raises(ValueError, match="multiple"):
        ReplayLog.create(memoryview(bytearray(HEADER_BYTES + capacity)), 7, 80, 24)


@pytest.mark.parametrize("content", [bytes(HEADER_BYTES + SMALL_CAPACITY_BYTES), b"x" * (HEADER_BYTES + 8)])
def test_memory_without_a_log(content: bytes) -> None:
    with pytest.raises(LogDamaged):
        ReplayLog(memoryview(bytearray(content)))


def test_memory_cut_short() -> None:
    with pytest.raises(LogDamaged):
        ReplayLog(memoryview(make_memory().content)[:-1])


def test_wrap_keeps_the_newest() -> None:
    log = make_log()
    data = make_bytes(SMALL_CAPACITY_BYTES * 3 + 12345)
    assert append(log, data) == len(data)
    assert log.head == len(data)
    assert log.head - log.oldest >= SMALL_CAPACITY_BYTES - SETTLED_GUARD_BYTES
    assert log.read(log.oldest, SMALL_CAPACITY_BYTES) == data[log.oldest :]


def test_views_end_where_the_ring_wraps() -> None:
    log = make_log()
    data = make_bytes(SMALL_CAPACITY_BYTES + 1000)
    append(log, data)
    view = log.view(SMALL_CAPACITY_BYTES - 10, 100)
    assert bytes(view) == data[SMALL_CAPACITY_BYTES - 10 : SMALL_CAPACITY_BYTES]
    assert log.read(SMALL_CAPACITY_BYTES - 10, 100) == data[SMALL_CAPACITY_BYTES - 10 : SMALL_CAPACITY_BYTES + 90]


def test_what_is_not_in_the_log_cannot_be_read() -> None:
    log = make_log()
    append(log, make_bytes(SMALL_CAPACITY_BYTES * 2))
    for offset in (log.oldest - 1, log.head + 1):
        with pytest.raises(ValueError, match="offset"):
            log.view(offset, 1)
    assert bytes(log.view(log.head, 1)) == b""


def test_memory_ahead_of_the_head_is_guarded() -> None:
    """What recovery relies on."""
    memory = make_memory()
    log = open_log(memory)
    for length in (1, 4096, MAX_READ_BYTES, 77, MAX_READ_BYTES, MAX_READ_BYTES, MAX_READ_BYTES, 5):
        assert append(log, bytes(length)) == length
        room = log.room
        ring = memory.content[HEADER_BYTES:]
        ahead = bytes(ring[(log.head + index) % log.capacity] for index in range(room))
        assert ahead == bytes([GUARD_BYTE]) * room


def test_an_idle_log_touches_little() -> None:
    """A page of the file that was never written costs no memory."""
    memory = make_memory()
    append(open_log(memory), b"$ ")
    assert not any(memory.content[HEADER_BYTES + GUARD_BLOCK_BYTES :])


def test_no_disk_no_room() -> None:
    """A full disk makes the program wait; it goes on when there is space."""
    has_space = False
    log = ReplayLog(memoryview(make_memory().content), lambda at, length: has_space)
    assert log.room == 0
    has_space = True
    assert log.room == MAX_READ_BYTES


def test_space_is_asked_for_once() -> None:
    asked: list[tuple[int, int]] = []
    log = ReplayLog(memoryview(make_memory().content), lambda at, length: not asked.append((at, length)))
    append(log, bytes(3 * SMALL_CAPACITY_BYTES))
    begins = range(HEADER_BYTES, HEADER_BYTES + SMALL_CAPACITY_BYTES, GUARD_BLOCK_BYTES)
    assert asked == [(begin, GUARD_BLOCK_BYTES) for begin in begins]


# --- holds


def test_hold_stops_the_writing_before_its_byte() -> None:
    log = make_log()
    append(log, make_bytes(1000))
    assert log.set_hold(5, 600)
    data = make_bytes(2 * SMALL_CAPACITY_BYTES, seed=2)
    done = append(log, data)
    assert done < len(data)
    assert log.room == 0
    assert log.blocking_holds() == [5]
    assert log.oldest <= 600
    assert log.read(1000, SMALL_CAPACITY_BYTES) == data[:done]
    assert done >= SMALL_CAPACITY_BYTES - SETTLED_GUARD_BYTES


def test_moving_the_hold_makes_room() -> None:
    log = make_log()
    log.set_hold(5, 0)
    append(log, bytes(2 * SMALL_CAPACITY_BYTES))
    log.set_hold(5, log.head)
    assert log.room > 0
    assert log.blocking_holds() == []


def test_dropping_the_hold_makes_room() -> None:
    log = make_log()
    log.set_hold(5, 0)
    log.set_hold(6, GUARD_BLOCK_BYTES)
    append(log, bytes(2 * SMALL_CAPACITY_BYTES))
    log.drop_hold(5)
    assert log.room > 0
    assert log.hold_of(5) is None
    assert list(log.hold_keys()) == [6]


def test_a_hold_that_moves_back_becomes_the_lowest() -> None:
    """A client comes back for bytes that it had acknowledged; another one's hold is in between."""
    log = make_log()
    append(log, make_bytes(3 * GUARD_BLOCK_BYTES))
    log.set_hold(5, 2 * GUARD_BLOCK_BYTES)
    log.set_hold(6, 2 * GUARD_BLOCK_BYTES + 5)
    log.set_hold(6, 10)
    append(log, make_bytes(SMALL_CAPACITY_BYTES * 2, seed=3))
    assert log.blocking_holds() == [6]
    assert log.oldest <= 10


def test_table_of_holds_is_full() -> None:
    log = make_log()
    assert all(log.set_hold(key, 0) for key in range(1, HOLD_SLOTS + 1))
    assert not log.set_hold(1000, 0)
    assert log.hold_of(1000) is None
    log.drop_hold(7)
    assert log.set_hold(1000, 0)


def test_holds_outlive_the_daemon() -> None:
    memory = make_memory()
    log = open_log(memory)
    append(log, bytes(5000))
    log.set_hold(5, 1234)
    log.set_hold(6, 99)
    log.drop_hold(6)
    again = open_log(memory)
    assert list(again.hold_keys()) == [5]
    assert again.hold_of(5) == 1234
    append(again, bytes(2 * SMALL_CAPACITY_BYTES))
    assert again.oldest <= 1234


# --- sizes


@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(2, 1000), st.integers(1, 1000)),
        min_size=1,
        max_size=RESIZE_SLOTS * 2,
    )
)
@settings(max_examples=60, deadline=None)
def test_sizes_by_offset(steps: list[tuple[int, int, int]]) -> None:
    log = make_log()
    sizes = [(0, 80, 24)]
    for length, cols, rows in steps:
        append(log, bytes(length))
        log.record_size(cols, rows)
        sizes.append((log.head, cols, rows))
    kept = sizes[-RESIZE_SLOTS:]
    first = len(sizes) - len(kept)
    assert log.size_count == len(sizes)
    assert [log.size_record(first + index) for index in range(len(kept))] == kept
    for offset in {offset + step for offset, _, _ in kept for step in (-1, 0, 1)}:
        before = [number for number, (begin, _, _) in enumerate(sizes) if begin <= offset and number >= first]
        assert log.size_number_at(offset) == (before[-1] if before else first)


# --- everything at once, against a model that keeps all


class LogMachine(RuleBasedStateMachine):
    """Reads, holds and restarts of the daemon in any order."""

    @initialize()
    def begin(self) -> None:
        self.memory = make_memory()
        self.log = open_log(self.memory)
        self.written = bytearray()
        self.holds: dict[int, int] = {}
        self.random = random.Random(1)

    @rule(length=st.integers(1, SMALL_CAPACITY_BYTES))
    def read(self, length: int) -> None:
        data = self.random.randbytes(length)
        done = append(self.log, data)
        self.written += data[:done]
        assert done == length or self.log.blocking_holds()

    @rule(key=st.integers(1, 5), place=st.floats(0, 1))
    def hold(self, key: int, place: float) -> None:
        offset = self.log.oldest + int((self.log.head - self.log.oldest) * place)
        assert self.log.set_hold(key, offset)
        self.holds[key] = offset

    @precondition(lambda self: self.holds)
    @rule(place=st.floats(0, 1))
    def acknowledge(self, place: float) -> None:
        key = min(self.holds, key=lambda key: self.holds[key])
        self.holds[key] += int((self.log.head - self.holds[key]) * place)
        assert self.log.set_hold(key, self.holds[key])

    @precondition(lambda self: self.holds)
    @rule()
    def drop(self) -> None:
        key, _ = self.holds.popitem()
        self.log.drop_hold(key)

    @rule()
    def restart(self) -> None:
        self.log = open_log(self.memory)

    @invariant()
    def everything_promised_is_there(self) -> None:
        log = self.log
        assert log.head == len(self.written)
        lowest = min(self.holds.values(), default=log.head)
        assert log.oldest <= lowest
        assert log.read(log.oldest, log.capacity) == self.written[log.oldest :]
        assert {key: log.hold_of(key) for key in log.hold_keys()} == self.holds
        assert log.head - log.oldest >= min(log.head, log.capacity - SETTLED_GUARD_BYTES)
        if not log.room:
            assert log.blocking_holds()
            assert log.head - lowest > log.capacity - SETTLED_GUARD_BYTES


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
