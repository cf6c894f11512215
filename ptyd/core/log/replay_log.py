"""The replay log: a ring of a session's newest output under absolute offsets, in memory that outlives the daemon.

The daemon reads the PTY straight into the ring. Were it killed inside ``read``, the kernel would have given it bytes
that it never accounted for. So the ring ahead of the head is kept filled with a guard byte, and a read is noted
before it begins: on recovery, what differs from the guard in the noted region is output which the dead daemon had
received.

The guard byte never occurs in UTF-8, but binary output may end in it. A read that notes its exact length (the PTY can
be asked for it, at a price) is recovered whole when anything in it differs from the guard; one that notes only how
much it would take at most is recovered up to the last byte that differs.

Most readers are viewers and may be overrun. A *hold* may not: the ring is not written over beyond it, ``room`` is then
0, and the child waits.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ptyd_protocol.limits import MAX_SEQ

from ptyd.core.log.log_layout import (
    HEADER_BYTES,
    HOLD_SLOTS,
    HOLDS_AT,
    MAGIC,
    RESIZE_SLOTS,
    RESIZES_AT,
    Table,
    Word,
)

GUARD_BYTE = 0xFF
GUARD_BLOCK_BYTES = 64 * 1024
"""The guard is laid in blocks: seldom enough to cost nothing, small enough that an idle session stays small."""
_GUARD = bytes([GUARD_BYTE]) * GUARD_BLOCK_BYTES

MAX_READ_BYTES = GUARD_BLOCK_BYTES
MAX_GUARD_AHEAD_BYTES = 2 * GUARD_BLOCK_BYTES
"""A block is laid when less than one is left."""

_AT_MOST = 1 << 63
"""Set in the note of a read that gives only a bound of its length."""


class LogSpan(NamedTuple):
    """The bytes of ``epoch`` from ``oldest`` to before ``head``."""

    epoch: int
    oldest: int
    head: int


class LogDamaged(Exception):
    """The memory does not hold a replay log of this version and size."""


def _check_words(words: memoryview, capacity: int) -> None:
    """Whether the header can be that of a log, in whatever state a kill has left it. What is built on a header that
    cannot would read beyond the ring, or lay the guard for ever.

    Raises:
        LogDamaged: it cannot.
    """
    head, guarded, count = words[Word.HEAD], words[Word.GUARDED], words[Word.RESIZE_COUNT]
    if not 0 < words[Word.EPOCH] <= MAX_SEQ:
        raise LogDamaged("no epoch")
    if not head <= guarded <= MAX_SEQ or guarded - head > MAX_GUARD_AHEAD_BYTES or guarded % GUARD_BLOCK_BYTES:
        raise LogDamaged(f"head {head} and guard {guarded} do not fit together")
    if not 0 < count <= MAX_SEQ:
        raise LogDamaged("no size")
    for row in range(RESIZES_AT, RESIZES_AT + 2 * min(count, RESIZE_SLOTS), 2):
        offset, packed = words[row], words[row + 1]
        if offset > head or not packed >> 16 & 0xFFFF or not packed & 0xFFFF or packed >> 32:
            raise LogDamaged("a size that no terminal has")


class ReplayLog:
    """A ring over ``buffer``: HEADER_BYTES, then the capacity, a multiple of GUARD_BLOCK_BYTES."""

    def __init__(self, buffer: memoryview, allocate: Callable[[int, int], bool] = lambda at, length: True) -> None:
        """``allocate`` is asked for (place in ``buffer``, length) before memory is first used: on a full disk, to touch
        what cannot be had would kill the process."""
        if len(buffer) < HEADER_BYTES:
            raise LogDamaged("cut short")
        self._allocate = allocate
        self._words = buffer[:HEADER_BYTES].cast("Q")
        self._ring = buffer[HEADER_BYTES:]
        self.capacity = len(self._ring)
        if self._words[Word.MAGIC] != MAGIC or self._words[Word.CAPACITY] != self.capacity:
            raise LogDamaged("not a replay log, or cut short")
        _check_words(self._words, self.capacity)
        self.epoch: int = self._words[Word.EPOCH]
        self.head: int = self._words[Word.HEAD]
        self._guarded: int = self._words[Word.GUARDED]
        self._engine_hold: int | None = None
        self._holds = Table(self._words, HOLDS_AT, HOLD_SLOTS, 2)
        self._lowest_hold: int | None = None
        for key in self.hold_keys():
            if self._words[(self._holds.row_of(key) or 0) + 1] > self.head:
                self._holds.drop(key)  # of bytes that never were
        self._find_lowest_hold()

    @classmethod
    def create(cls, buffer: memoryview, epoch: int, cols: int, rows: int) -> "ReplayLog":
        """Begin an empty log in zeroed memory."""
        capacity = len(buffer) - HEADER_BYTES
        if capacity < 4 * GUARD_BLOCK_BYTES or capacity % GUARD_BLOCK_BYTES:
            raise ValueError(f"the capacity must be a multiple of {GUARD_BLOCK_BYTES}, four at least")
        with buffer[:HEADER_BYTES].cast("Q") as words:
            words[Word.CAPACITY] = capacity
            words[Word.EPOCH] = epoch
            words[RESIZES_AT + 1] = cols << 16 | rows
            words[Word.RESIZE_COUNT] = 1
            words[Word.MAGIC] = MAGIC
        return cls(buffer)

    @property
    def words(self) -> memoryview:
        """The header's words, for the other ledgers that live in it."""
        return self._words

    def close(self) -> None:
        """Let go of the memory, so that it can be unmapped."""
        self._words.release()
        self._ring.release()

    # --- writing ---

    @property
    def oldest(self) -> int:
        """The lowest offset still in the log."""
        return max(0, self._guarded - self.capacity)

    @property
    def span(self) -> LogSpan:
        return LogSpan(self.epoch, self.oldest, self.head)

    @property
    def room(self) -> int:
        """How many bytes may be read into the ring now; 0 while a hold, or a full disk, stands in the way."""
        if self._guarded - self.head < GUARD_BLOCK_BYTES:
            self._lay_guard()
        return min(self._guarded - self.head, MAX_READ_BYTES)

    def _lay_guard(self) -> None:
        end = self._guarded + GUARD_BLOCK_BYTES
        if self._lowest_hold is not None and end - self.capacity > self._lowest_hold:
            return
        if end <= self.capacity and not self._allocate(HEADER_BYTES + self._guarded, GUARD_BLOCK_BYTES):
            return
        # First the word, then the bytes: a daemon killed in between has an overwritten block that nobody reads.
        self._words[Word.GUARDED] = end
        at = self._guarded % self.capacity
        self._ring[at : at + GUARD_BLOCK_BYTES] = _GUARD
        self._guarded = end

    def reserve(self, length: int, *, is_exact: bool = True) -> list[memoryview]:
        """Where to read into, noted for recovery until ``commit``. ``length`` is at most ``room``: the very number of
        bytes that the read will bring, or without ``is_exact`` a bound of it."""
        self._words[Word.READING] = length if is_exact else length | _AT_MOST
        return self._places_ahead(length)

    def _places_ahead(self, length: int) -> list[memoryview]:
        """The ring from the head on."""
        at = self.head % self.capacity
        first = min(length, self.capacity - at)
        if first == length:
            return [self._ring[at : at + length]]
        return [self._ring[at:], self._ring[: length - first]]

    def ends_like_guard(self) -> bool:
        """Whether the newest byte could be taken for the guard: the output is binary."""
        return self.head > 0 and self._ring[(self.head - 1) % self.capacity] == GUARD_BYTE

    def commit(self, length: int) -> None:
        """The reserved read has brought ``length`` bytes."""
        self.head += length
        self._words[Word.HEAD] = self.head
        self._words[Word.READING] = 0

    def recover(self) -> int:
        """Account for what a killed daemon had received and not recorded. Returns the number of bytes regained."""
        noted = self._words[Word.READING]
        # Bounded by the guard: killed between the two stores of commit, the note is of a read already counted.
        length = min(noted & ~_AT_MOST, self._guarded - self.head)
        received = len(b"".join(self._places_ahead(length)).rstrip(_GUARD[:1]))
        regained = received if noted & _AT_MOST or not received else length
        self.commit(regained)
        self._relay_guard()
        return regained

    def _relay_guard(self) -> None:
        """Lay again what a daemon killed in ``_lay_guard`` may have left half done."""
        at = self.head
        while at < self._guarded:
            begin = at % self.capacity
            length = min(self._guarded - at, self.capacity - begin, GUARD_BLOCK_BYTES)
            self._ring[begin : begin + length] = _GUARD[:length]
            at += length

    @property
    def last_output_at(self) -> float:
        """When output came last, in Unix seconds; 0.0 for never."""
        return self._words[Word.LAST_OUTPUT_AT] / 1000

    @last_output_at.setter
    def last_output_at(self, unix_seconds: float) -> None:
        self._words[Word.LAST_OUTPUT_AT] = int(unix_seconds * 1000)

    @property
    def is_locked(self) -> bool:
        """Typing does not take control; kept over restarts of the daemon."""
        return bool(self._words[Word.LOCKED])

    @is_locked.setter
    def is_locked(self, locked: bool) -> None:
        self._words[Word.LOCKED] = int(locked)

    @property
    def controller_key(self) -> int:
        """Whose terminal sized the PTY last, 0 for nobody; kept for when it comes back."""
        return self._words[Word.CONTROLLER]

    @controller_key.setter
    def controller_key(self, key: int) -> None:
        self._words[Word.CONTROLLER] = key

    # --- reading ---

    def view(self, offset: int, length: int) -> memoryview:
        """At most ``length`` bytes from ``offset`` on, fewer at the head and where the ring wraps. Not a copy: use it
        before the next read.

        Raises:
            ValueError: ``offset`` is not in the log.
        """
        if not self.oldest <= offset <= self.head:
            raise ValueError(f"offset {offset} is not between {self.oldest} and {self.head}")
        at = offset % self.capacity
        return self._ring[at : at + min(length, self.head - offset, self.capacity - at)]

    def read(self, offset: int, length: int) -> bytes:
        """A copy of up to ``length`` bytes from ``offset`` on, across the wrap."""
        first = bytes(self.view(offset, length))
        rest = min(length, self.head - offset) - len(first)
        return first + bytes(self.view(offset + len(first), rest)) if rest > 0 else first

    # --- holds ---

    def set_hold(self, key: int, offset: int) -> bool:
        """Keep everything from ``offset`` on. False where the table of holds is full."""
        row = self._holds.row_of(key)
        if row is not None:
            before = self._words[row + 1]
            self._words[row + 1] = offset
            if self._lowest_hold is None or min(before, offset) <= self._lowest_hold:
                self._find_lowest_hold()
            return True
        row = self._holds.free_row()
        if row is None:
            return False
        self._words[row + 1] = offset
        self._holds.bind(row, key)
        self._find_lowest_hold()
        return True

    def drop_hold(self, key: int) -> None:
        self._holds.drop(key)
        self._find_lowest_hold()

    def hold_of(self, key: int) -> int | None:
        row = self._holds.row_of(key)
        return None if row is None else self._words[row + 1]

    def hold_keys(self) -> Iterable[int]:
        return self._holds.keys()

    def blocking_holds(self) -> list[int]:
        """The keys of the holds that keep the ring from being written on."""
        limit = self._guarded + GUARD_BLOCK_BYTES - self.capacity
        return [key for key in self.hold_keys() if (self.hold_of(key) or 0) < limit]

    @property
    def engine_is_at_work(self) -> bool:
        """The engine is being fed, or asked: if that kills the daemon, the next one knows."""
        return bool(self._words[Word.ENGINE_AT_WORK])

    @engine_is_at_work.setter
    def engine_is_at_work(self, at_work: bool) -> None:
        self._words[Word.ENGINE_AT_WORK] = at_work

    @property
    def engine_hold(self) -> int | None:
        """From where on the engine needs the log, to come to this state again; None for nowhere. It is not in the
        header: the next daemon finds it where the engine's state is saved."""
        return self._engine_hold

    @engine_hold.setter
    def engine_hold(self, offset: int | None) -> None:
        self._engine_hold = offset
        self._find_lowest_hold()

    def _find_lowest_hold(self) -> None:
        holds = [self._words[row + 1] for row in self._holds.rows()]
        if self._engine_hold is not None:
            holds.append(self._engine_hold)
        self._lowest_hold = min(holds, default=None)

    # --- sizes ---

    def record_size(self, cols: int, rows: int) -> None:
        """The PTY has this size for the output from the head on."""
        count = self._words[Word.RESIZE_COUNT]
        row = RESIZES_AT + 2 * (count % RESIZE_SLOTS)
        self._words[row] = self.head
        self._words[row + 1] = cols << 16 | rows
        self._words[Word.RESIZE_COUNT] = count + 1

    @property
    def size_count(self) -> int:
        """How many sizes were ever recorded; the last one's number is one less."""
        return self._words[Word.RESIZE_COUNT]

    def size_record(self, number: int) -> tuple[int, int, int]:
        """(offset, cols, rows) of a size by its number; numbers that were overwritten give the oldest kept."""
        number = max(number, self.size_count - RESIZE_SLOTS, 0)
        row = RESIZES_AT + 2 * (number % RESIZE_SLOTS)
        packed = self._words[row + 1]
        return self._words[row], packed >> 16, packed & 0xFFFF

    def size_number_at(self, offset: int) -> int:
        """The number of the size in force at ``offset``, as far back as sizes are kept."""
        number = self.size_count - 1
        while number > 0 and number > self.size_count - RESIZE_SLOTS and self.size_record(number)[0] > offset:
            number -= 1
        return number
