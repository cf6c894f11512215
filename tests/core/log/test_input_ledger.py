"""Input is taken exactly once: the ledger in the log's header, against a kill at any store."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptyd.core.log.input_ledger import InputLedger, attachment_key
from ptyd.core.log.log_layout import INPUT_SLOTS
from tests.core.memory import WatchedMemory, make_memory, open_log


def open_ledger(memory: WatchedMemory) -> InputLedger:
    return InputLedger(open_log(memory).words)


def take(ledger: InputLedger, key: int, seq: int) -> None:
    ledger.announce(key, seq, 0)
    ledger.settle(taken=True)


@given(st.text(max_size=64), st.integers(1, 2**31 - 1))
def test_keys_are_words_and_never_zero(client_id: str, channel: int) -> None:
    key = attachment_key(client_id, channel)
    assert 0 < key < 2**64
    assert key == attachment_key(client_id, channel)


def test_keys_differ() -> None:
    names = [(f"client-{number:016}", channel) for number in range(100) for channel in range(1, 20)]
    assert len({attachment_key(*name) for name in names}) == len(names)
    assert attachment_key("a1", 1) != attachment_key("a", 11)


def test_nothing_taken_yet() -> None:
    assert open_ledger(make_memory()).last_seq(5) == 0


def test_last_of_each() -> None:
    memory = make_memory()
    ledger = open_ledger(memory)
    take(ledger, 5, 1)
    take(ledger, 7, 41)
    take(ledger, 5, 2)
    assert (ledger.last_seq(5), ledger.last_seq(7)) == (2, 41)
    again = open_ledger(memory)
    assert (again.last_seq(5), again.last_seq(7)) == (2, 41)


def test_not_taken_is_not_remembered() -> None:
    ledger = open_ledger(make_memory())
    take(ledger, 5, 1)
    ledger.announce(5, 2, 0)
    ledger.settle(taken=False)
    assert ledger.last_seq(5) == 1


def test_the_least_recently_used_is_forgotten() -> None:
    memory = make_memory()
    ledger = open_ledger(memory)
    for key in range(1, INPUT_SLOTS + 1):
        take(ledger, key, 10)
    take(ledger, 1, 11)  # used again
    take(ledger, 1000, 1)
    assert ledger.last_seq(2) == 0
    for reader in (ledger, open_ledger(memory)):
        assert (reader.last_seq(1), reader.last_seq(3), reader.last_seq(1000)) == (11, 10, 1)


def test_recovery_without_an_announcement() -> None:
    ledger = open_ledger(make_memory())
    take(ledger, 5, 3)
    ledger.recover(pipe_level=100)
    assert ledger.last_seq(5) == 3


class Typing:
    """A daemon that takes numbered Inputs, as edge/terminal/input_pipe.py does; a kill at any store is tried out."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.memory = make_memory()
        self.ledger = open_ledger(self.memory)
        self.memory.on_store = self.look
        self.pipe = b""
        self.delivered = b""
        self.typed: dict[int, list[bytes]] = {}
        self.kills = 0

    def type(self, key: int) -> None:
        inputs = self.typed.setdefault(key, [])
        data = b"<%d:%d>" % (key, len(inputs) + 1)
        inputs.append(data)
        self.ledger.announce(key, len(inputs), len(self.pipe))
        self.look()
        self.pipe += data
        self.look()
        self.ledger.settle(taken=True)
        self.look()
        self.move_on()

    def move_on(self) -> None:
        """The kernel takes some of the pipe's bytes to the terminal."""
        for _ in range(self.random.randint(0, 3)):
            count = self.random.randint(0, len(self.pipe))
            self.delivered += self.pipe[:count]
            self.pipe = self.pipe[count:]
            self.look()

    def look(self) -> None:
        """The daemon is killed here; the next one recovers; its clients send again what it says was not taken."""
        self.kills += 1
        ledger = open_ledger(WatchedMemory(self.memory.content))
        ledger.recover(len(self.pipe))
        arrived = self.delivered + self.pipe
        for key, inputs in self.typed.items():
            taken = ledger.last_seq(key)
            assert len(inputs) - taken in (0, 1)
            for number, data in enumerate(inputs, 1):
                assert arrived.count(data) == (1 if number <= taken else 0), (data, taken)


@pytest.mark.parametrize("seed", range(5))
def test_exactly_once_at_any_store(seed: int) -> None:
    typing = Typing(seed)
    for _ in range(40):
        typing.type(typing.random.randint(1, 4))
    assert typing.kills > 400


def test_exactly_once_while_the_table_overflows() -> None:
    """Of many attachments those are remembered that typed last, whenever the kill comes."""
    memory = make_memory()
    ledger = open_ledger(memory)
    for key in range(1, INPUT_SLOTS + 1):
        take(ledger, key, key)
    states: list[bytes] = []
    memory.on_store = lambda: states.append(bytes(memory.content))
    ledger.announce(1000, 1, 0)
    announced = len(states)
    ledger.settle(taken=True)
    for number, state in enumerate(states):
        again = open_ledger(WatchedMemory(state))
        again.recover(pipe_level=5 if number >= announced else 0)
        assert again.last_seq(1000) == (1 if number >= announced else 0)
        assert all(again.last_seq(key) == key for key in range(2, INPUT_SLOTS + 1))


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 1000)), max_size=400))
@settings(max_examples=50, deadline=None)
def test_table_against_a_model(inputs: list[tuple[int, int]]) -> None:
    memory = make_memory()
    ledger = open_ledger(memory)
    last: dict[int, int] = {}
    for key, seq in inputs:
        last.pop(key, None)
        last[key] = seq
        take(ledger, key, seq)
    kept = dict(list(last.items())[-INPUT_SLOTS:])
    for reader in (ledger, open_ledger(memory)):
        assert {key: reader.last_seq(key) for key in last} == {key: kept.get(key, 0) for key in last}
