"""A kill between any two stores loses nothing: recovery from the memory as it is before each of them."""

import random
from collections.abc import Iterator

import pytest

from ptyd.core.log.log_layout import HEADER_BYTES
from ptyd.core.log.replay_log import GUARD_BLOCK_BYTES, GUARD_BYTE, MAX_READ_BYTES, ReplayLog
from tests.core.memory import (
    SMALL_CAPACITY_BYTES,
    WatchedMemory,
    append,
    make_log,
    make_memory,
    open_log,
    receive_bytes,
)

Kind = str


class Witness:
    """Every state that a kill could have left, with what the PTY had given by then and what holds were promised."""

    def __init__(self, memory: WatchedMemory) -> None:
        self.memory = memory
        self.given = bytearray()
        self.holds: dict[int, int] = {}
        self.kills = 0
        self.regained = 0
        memory.on_store = self.look

    def look(self) -> None:
        """The daemon is killed here; its successor recovers, and is killed at each of its stores, too."""
        self.kills += 1
        nested = WatchedMemory(self.memory.content)
        states: list[bytes] = []
        nested.on_store = lambda: states.append(bytes(nested.content))
        successor = ReplayLog(nested)  # type: ignore[arg-type]
        self.regained += successor.recover() > 0
        nested.on_store = lambda: None
        self.judge(nested, successor)
        for state in states:
            memory = WatchedMemory(state)
            self.judge(memory, open_log(memory))

    def judge(self, memory: WatchedMemory, log: ReplayLog) -> None:
        assert log.head == len(self.given)
        assert log.read(log.oldest, log.capacity) == self.given[log.oldest :]
        assert log.oldest <= min(self.holds.values(), default=log.head)
        assert {key: log.hold_of(key) for key in log.hold_keys()} == self.holds
        ahead = range(log.head, log.head + log.room)
        ring = memory.content[HEADER_BYTES:]
        assert all(ring[offset % log.capacity] == GUARD_BYTE for offset in ahead[:: max(1, len(ahead) // 97)])
        assert not ahead or ring[ahead[-1] % log.capacity] == GUARD_BYTE
        # It goes on, and what it writes next is regained, too.
        more = b"more\xff"
        if log.room >= len(more):
            receive_bytes(log, more)
            killed_again = ReplayLog(memory)  # type: ignore[arg-type]
            assert killed_again.recover() == len(more)
            assert killed_again.read(len(self.given), 10) == more


def make_reads(kind: Kind, count: int, seed: int) -> Iterator[bytes]:
    """Reads as a PTY gives them: mostly 4 KiB, some short, some long; none is all guard."""
    chance = random.Random(seed)
    for _ in range(count):
        length = chance.choice((1, 2, 100, 4095, 4096, 4096, 20_000, MAX_READ_BYTES))
        if kind == "text":
            yield b"x" * length
        elif kind == "binary":
            yield b"\x00" + chance.randbytes(length)[1:]
        else:  # as much guard as can be
            data = bytearray([GUARD_BYTE]) * length
            data[chance.randrange(length)] = 7
            yield bytes(data)


def read_under_witness(witness: Witness, log: ReplayLog, data: bytes, *, is_exact: bool = True) -> None:
    room = log.room
    data = data[:room]
    if not data:
        return
    receive_bytes(log, data, at_most=0 if is_exact else room)
    witness.given += data
    witness.look()  # killed in ``read``, when the kernel had given everything
    log.commit(len(data))
    witness.look()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["text", "binary", "guard"])
def test_nothing_is_lost_at_any_store(kind: Kind, seed: int) -> None:
    memory = make_memory()
    witness = Witness(memory)
    log = open_log(memory)
    for data in make_reads(kind, 40, seed):
        read_under_witness(witness, log, data)
    assert len(witness.given) > SMALL_CAPACITY_BYTES  # the ring has wrapped
    assert witness.kills > 150
    assert witness.regained >= 40


@pytest.mark.parametrize("seed", range(3))
def test_text_is_not_lost_by_reads_that_note_a_bound(seed: int) -> None:
    memory = make_memory()
    witness = Witness(memory)
    log = open_log(memory)
    for data in make_reads("text", 40, seed):
        read_under_witness(witness, log, data, is_exact=False)
    assert len(witness.given) > SMALL_CAPACITY_BYTES  # the ring has wrapped
    assert witness.regained >= 40


def test_output_that_ends_like_the_guard_is_told() -> None:
    log = make_log()
    assert not log.ends_like_guard()
    append(log, b"\xff")
    assert log.ends_like_guard()
    append(log, b"text")
    assert not log.ends_like_guard()


@pytest.mark.parametrize("seed", range(3))
def test_holds_and_bytes_at_any_store(seed: int) -> None:
    chance = random.Random(seed)
    memory = make_memory()
    witness = Witness(memory)
    log = open_log(memory)
    for data in make_reads("binary", 40, seed):
        read_under_witness(witness, log, data)
        key = chance.randint(1, 3)
        # What a kill does to a hold that is just being changed, has a test of its own.
        witness.memory.on_store = lambda: None
        if chance.random() < 0.3:
            log.drop_hold(key)
            witness.holds.pop(key, None)
        else:
            offset = max(witness.holds.get(key, 0), chance.randint(log.oldest, log.head))
            assert log.set_hold(key, offset)
            witness.holds[key] = offset
        witness.memory.on_store = witness.look
    assert witness.kills > 100


def test_a_hold_is_whole_at_any_store() -> None:
    """Killed while a hold is set, moved or dropped: it is as before or as after, and others are untouched."""
    memory = make_memory()
    log = open_log(memory)
    append(log, bytes(10_000))
    log.set_hold(9, 77)
    changes = [
        ("set", lambda: log.set_hold(5, 100), {9: 77}, {9: 77, 5: 100}),
        ("move", lambda: log.set_hold(5, 2000), {9: 77, 5: 100}, {9: 77, 5: 2000}),
        ("drop", lambda: log.drop_hold(9), {9: 77, 5: 2000}, {5: 2000}),
        ("reuse", lambda: log.set_hold(6, 3000), {5: 2000}, {5: 2000, 6: 3000}),
    ]
    for name, change, before, after in changes:
        states: list[bytes] = []
        memory.on_store = lambda states=states: states.append(bytes(memory.content))  # type: ignore[misc]
        change()
        memory.on_store = lambda: None
        assert states, name
        for state in [*states, bytes(memory.content)]:
            again = open_log(WatchedMemory(state))
            assert {key: again.hold_of(key) for key in again.hold_keys()} in (before, after), name


def test_a_size_is_whole_at_any_store() -> None:
    memory = make_memory()
    log = open_log(memory)
    append(log, bytes(500))
    states: list[bytes] = []
    memory.on_store = lambda: states.append(bytes(memory.content))
    log.record_size(100, 30)
    for state in states:
        again = open_log(WatchedMemory(state))
        assert [again.size_record(number) for number in range(again.size_count)] == [(0, 80, 24)]
    again = open_log(WatchedMemory(memory.content))
    assert [again.size_record(number) for number in range(again.size_count)] == [(0, 80, 24), (500, 100, 30)]


def test_binary_output_is_noticed() -> None:
    log = open_log(make_memory())
    assert not log.ends_like_guard()
    append(log, b"text")
    assert not log.ends_like_guard()
    append(log, b"\xff")
    assert log.ends_like_guard()


def test_only_a_read_of_nothing_but_guard_goes_unseen() -> None:
    """The one case that is not covered, so that nobody forgets it."""
    memory = make_memory()
    log = open_log(memory)
    assert log.room
    receive_bytes(log, bytes([GUARD_BYTE]) * 100)
    assert open_log(memory).head == 0


def test_recovery_changes_nothing_where_nothing_is_amiss() -> None:
    memory = make_memory()
    log = open_log(memory)
    append(log, b"abc" * 1000)
    assert open_log(memory).recover() == 0
    again = open_log(memory)
    assert (again.head, again.read(0, 9)) == (3000, b"abcabcabc")
    assert again.room >= GUARD_BLOCK_BYTES // 2
