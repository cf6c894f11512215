"""The header of a replay log's file: 64-bit words at fixed places.

Each word is stored by one aligned machine store, so a process killed between any two of them leaves every word whole.
The order of stores is the order that the next daemon sees: the file lives on in the page cache.
"""

from collections.abc import Iterator
from enum import IntEnum

HEADER_BYTES = 8192
WORD_BYTES = 8

MAGIC = int.from_bytes(b"PTYDLOG1", "little")

HOLD_SLOTS = 48
INPUT_SLOTS = 96
RESIZE_SLOTS = 256


class Word(IntEnum):
    """Index of a single word."""

    MAGIC = 0
    CAPACITY = 1
    EPOCH = 2
    HEAD = 3
    """Offset behind the last byte accounted for."""
    READING = 4
    """Length of the read in progress, 0 when there is none (core/log/replay_log.py says how it is noted)."""
    GUARDED = 5
    """Offset up to which the ring ahead of the head holds guard bytes."""
    INTENT_KEY = 6
    INTENT_SEQ = 7
    INTENT_LEVEL = 8
    """Bytes in the input pipe before the write that INTENT_KEY announces."""
    RESIZE_COUNT = 9
    LAST_OUTPUT_AT = 10
    """Unix milliseconds."""
    INPUT_CLOCK = 11
    """Counts inputs taken; orders the slots of the input table by use."""

    CONTROLLER = 12
    """Key of the attachment that was in control last: it is again when it comes back. 0 for nobody."""
    ANSWERED = 13
    """Offset up to which the program's questions have been answered by an engine."""
    LOCKED = 14
    """1 while typing does not take control."""

    ENGINE_AT_WORK = 24
    """1 while the engine is at work on this session (core/screen/quarantine.py)."""
    ENGINE_SUSPICIONS = 25
    """How often in a row the daemon crashed meanwhile."""
    ENGINE_QUARANTINED = 26
    """The number of the engine that this session is kept from; 0: of none."""


HOLDS_AT = 32
"""HOLD_SLOTS pairs (key, offset); key 0 is an empty slot."""
INPUTS_AT = HOLDS_AT + 2 * HOLD_SLOTS
"""INPUT_SLOTS triples (key, seq, clock)."""
RESIZES_AT = INPUTS_AT + 3 * INPUT_SLOTS
"""RESIZE_SLOTS pairs (offset, cols << 16 | rows), written round and round."""

assert (RESIZES_AT + 2 * RESIZE_SLOTS) * WORD_BYTES <= HEADER_BYTES


class Table:
    """Rows of a few words, found by a key that is never 0."""

    def __init__(self, words: memoryview, at: int, slots: int, width: int) -> None:
        self._words = words
        self._index: dict[int, int] = {}
        self._rows = range(at, at + slots * width, width)
        for row in self._rows:
            if words[row]:
                self._index[words[row]] = row

    def row_of(self, key: int) -> int | None:
        """Index of the key's first word."""
        return self._index.get(key)

    def free_row(self) -> int | None:
        return next((row for row in self._rows if not self._words[row]), None)

    def bind(self, row: int, key: int) -> None:
        """Give the row to the key. Write the row's other words first: from here on it counts."""
        self._index.pop(self._words[row], None)
        self._words[row] = key
        self._index[key] = row

    def drop(self, key: int) -> None:
        row = self._index.pop(key, None)
        if row is not None:
            self._words[row] = 0

    def keys(self) -> Iterator[int]:
        return iter(list(self._index))

    def rows(self) -> Iterator[int]:
        return iter(list(self._index.values()))
