"""When a session's output came: what stands beside the replay log, which knows offsets but no times.

Records of 16 bytes, appended only, so that a killed daemon leaves at worst an unfinished one at the end:

    word 0   kind << 56 | blocks << 48 | Unix milliseconds
    word 1   offset

and then so many ``blocks`` of 16 bytes with the payload, which begins with its length in two bytes. The first record is
the header: a magic word, and how many events were dropped from the front. What is no TIME is an *event*; events are
numbered since the session's start, also over a compaction.
"""

import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from ptyd_protocol.limits import MAX_SEQ

RECORD_BYTES = 16
MAGIC = int.from_bytes(b"PTYDTIM1", "little")
MAX_PAYLOAD_BYTES = 255 * RECORD_BYTES - 2

_RECORD = struct.Struct("<QQ")
_LENGTH = struct.Struct("<H")
_SIZE = struct.Struct("<HH")
_MAX_MS = (1 << 48) - 1


class IndexDamaged(Exception):
    """The bytes are no time index."""


class Kind(IntEnum):
    TIME = 0
    """The output from the offset on came at this time."""
    SIZE = 1
    """The PTY has another size from the offset on."""
    MARK = 2
    """Somebody set a mark; the payload is its label."""
    INPUT = 3
    """Somebody typed the payload. Only where recording the input was asked for."""


class Entry(NamedTuple):
    kind: Kind
    offset: int
    at_ms: int
    payload: bytes
    number: int
    """Of an event: its own; of a TIME: the next event's."""

    @property
    def size(self) -> tuple[int, int]:
        """(cols, rows) of a SIZE."""
        cols, rows = _SIZE.unpack(self.payload)
        return cols, rows


def encode_header(events_dropped: int = 0) -> bytes:
    return _RECORD.pack(MAGIC, events_dropped)


def encode_entry(kind: Kind, offset: int, at_ms: int, payload: bytes = b"") -> bytes:
    """One record; ``payload`` is at most MAX_PAYLOAD_BYTES."""
    body = _LENGTH.pack(len(payload)) + payload if payload else b""
    blocks = -(-len(body) // RECORD_BYTES)
    head = _RECORD.pack(kind << 56 | blocks << 48 | min(max(at_ms, 0), _MAX_MS), offset)
    return head + body.ljust(blocks * RECORD_BYTES, b"\0")


def encode_size(cols: int, rows: int) -> bytes:
    """The payload of a SIZE."""
    return _SIZE.pack(cols, rows)


def decode_index(index: bytes) -> tuple[list[Entry], int]:
    """The entries in order, and how many bytes of ``index`` they take: less where a record at its end is unfinished, or
    damaged; nobody knows where the one behind that begins.

    Raises:
        IndexDamaged: it does not begin as one.
    """
    if len(index) < RECORD_BYTES:
        raise IndexDamaged("cut short")
    magic, number = _RECORD.unpack_from(index)
    if magic != MAGIC or number > MAX_SEQ // 2:
        raise IndexDamaged("not a time index")
    entries: list[Entry] = []
    at = RECORD_BYTES
    while at + RECORD_BYTES <= len(index):
        word, offset = _RECORD.unpack_from(index, at)
        end = at + RECORD_BYTES * (1 + (word >> 48 & 0xFF))
        if end > len(index) or word >> 56 not in _KINDS or offset > MAX_SEQ:
            break
        payload = b""
        if end > at + RECORD_BYTES:
            begin = at + RECORD_BYTES + _LENGTH.size
            payload = index[begin : begin + _LENGTH.unpack_from(index, at + RECORD_BYTES)[0]]
        kind = _KINDS[word >> 56]
        if kind is Kind.SIZE and (len(payload) != _SIZE.size or not all(_SIZE.unpack(payload))):
            break
        entries.append(Entry(kind, offset, word & _MAX_MS, payload, number))
        number += kind is not Kind.TIME
        at = end
    return entries, at


_KINDS = {int(kind): kind for kind in Kind}


def compact_index(entries: list[Entry], keep_from: int, max_bytes: int) -> bytes:
    """The index anew, with no more than ``max_bytes``: without what lies before offset ``keep_from``, but for the size
    and the time in force there; and if that is not enough with every second time only, and at last without the oldest
    events."""
    kept = _drop_before(entries, keep_from)
    encoded = _encode_entries(kept, entries)
    while len(encoded) > max_bytes:
        thinned = _thin_times(kept)
        if len(thinned) > len(kept) * 3 // 4:
            thinned = _drop_older_half(kept)
        if len(thinned) >= len(kept):
            break
        kept = thinned
        encoded = _encode_entries(kept, entries)
    return encoded


def _drop_before(entries: list[Entry], keep_from: int) -> list[Entry]:
    first = next((at for at, entry in enumerate(entries) if entry.offset >= keep_from), len(entries))
    in_force = [
        found
        for kind in (Kind.SIZE, Kind.TIME)
        if (found := next((entry for entry in reversed(entries[:first]) if entry.kind is kind), None)) is not None
    ]
    return sorted(in_force, key=lambda entry: (entry.offset, entry.number)) + entries[first:]


def _drop_older_half(entries: list[Entry]) -> list[Entry]:
    middle = len(entries) // 2
    size = next((entry for entry in reversed(entries[:middle]) if entry.kind is Kind.SIZE), None)
    return ([size] if size is not None else []) + entries[middle:]


def _thin_times(entries: list[Entry]) -> list[Entry]:
    thinned: list[Entry] = []
    is_second = False
    for entry in entries:
        if entry.kind is Kind.TIME:
            is_second = not is_second
            if not is_second and thinned:
                continue
        thinned.append(entry)
    return thinned


def _encode_entries(kept: Iterable[Entry], entries: list[Entry]) -> bytes:
    """With a count of dropped events by which the newest one keeps its number."""
    kept = list(kept)
    total = max((entry.number + (entry.kind is not Kind.TIME) for entry in entries), default=0)
    dropped = total - sum(entry.kind is not Kind.TIME for entry in kept)
    return encode_header(dropped) + b"".join(
        encode_entry(entry.kind, entry.offset, entry.at_ms, entry.payload) for entry in kept
    )
