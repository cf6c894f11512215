"""The time index: what is written is read, whatever it was cut at, and it can be made smaller."""

import pytest

from ptyd.core.log.time_index import (
    MAX_PAYLOAD_BYTES,
    RECORD_BYTES,
    Entry,
    IndexDamaged,
    Kind,
    compact_index,
    decode_index,
    encode_entry,
    encode_header,
    encode_size,
)

SIZE = encode_size(80, 24)
NOW_MS = 1_700_000_000_000
WRITTEN = [
    (Kind.SIZE, 0, NOW_MS, SIZE),
    (Kind.TIME, 0, NOW_MS + 5, b""),
    (Kind.MARK, 70, NOW_MS + 6, "grüße".encode()),
    (Kind.TIME, 2**40, NOW_MS + 7, b""),
    (Kind.INPUT, 2**40, NOW_MS + 8, bytes(range(256)) * 15),
    (Kind.MARK, 2**40 + 1, NOW_MS + 9, b""),
]
INDEX = encode_header() + b"".join(encode_entry(*row) for row in WRITTEN)
ENTRIES = [Entry(*row, number) for row, number in zip(WRITTEN, [0, 1, 1, 2, 2, 3], strict=True)]


def make_times(count: int, *, from_offset: int = 0) -> list[Entry]:
    return [Entry(Kind.TIME, from_offset + at, NOW_MS + at, b"", 1) for at in range(count)]


def test_what_is_written_is_read() -> None:
    assert decode_index(INDEX) == (ENTRIES, len(INDEX))
    assert ENTRIES[0].size == (80, 24)


def test_cut_anywhere_the_whole_records_are_read() -> None:
    ends = [decode_index(INDEX[:end])[1] for end in range(RECORD_BYTES, len(INDEX) + 1)]
    assert sorted(set(ends)) == ends[:1] + sorted({end for end in ends if end > RECORD_BYTES})
    assert len(set(ends)) == len(WRITTEN) + 1
    for end, length in zip(range(RECORD_BYTES, len(INDEX) + 1), ends, strict=True):
        assert length <= end
        assert decode_index(INDEX[:end])[0] == decode_index(INDEX[:length])[0]


@pytest.mark.parametrize("index", [b"", INDEX[:15], b"x" * 64])
def test_what_is_no_index(index: bytes) -> None:
    with pytest.raises(IndexDamaged):
        decode_index(index)


def test_an_unknown_kind_ends_it() -> None:
    strange = bytearray(INDEX + encode_entry(Kind.MARK, 2**40 + 2, NOW_MS))
    strange[len(INDEX) + 7] = 99
    assert decode_index(bytes(strange)) == (ENTRIES, len(INDEX))


def test_the_longest_payload() -> None:
    index = encode_header() + encode_entry(Kind.INPUT, 1, 2, b"x" * MAX_PAYLOAD_BYTES)
    assert decode_index(index)[0][0].payload == b"x" * MAX_PAYLOAD_BYTES


def test_what_the_log_no_longer_holds_is_dropped() -> None:
    entries, _ = decode_index(compact_index(ENTRIES, 100, 10_000))
    assert [(entry.kind, entry.offset) for entry in entries] == [
        (Kind.SIZE, 0),
        (Kind.TIME, 0),
        *((kind, offset) for kind, offset, _, _ in WRITTEN[3:]),
    ]


def test_events_keep_their_numbers() -> None:
    entries, _ = decode_index(compact_index(ENTRIES, 100, 10_000))
    assert entries[-2:] == ENTRIES[-2:]
    entries, _ = decode_index(compact_index(entries, 2**50, 10_000))
    assert [entry.kind for entry in entries] == [Kind.SIZE, Kind.TIME]
    assert entries[-1].number == 4, "the next event would be given a number that was used"


def test_times_are_thinned_evenly() -> None:
    entries = [ENTRIES[0], *make_times(1000)]
    thinned, length = decode_index(compact_index(entries, 0, 300 * RECORD_BYTES))
    assert length <= 300 * RECORD_BYTES
    offsets = [entry.offset for entry in thinned if entry.kind is Kind.TIME]
    assert offsets == list(range(0, 1000, 4))
    assert all(entry.at_ms == NOW_MS + entry.offset for entry in thinned if entry.kind is Kind.TIME)


def test_too_many_events_lose_the_oldest() -> None:
    marks = [Entry(Kind.MARK, at, NOW_MS + at, b"", 1 + at) for at in range(1000)]
    kept, length = decode_index(compact_index([ENTRIES[0], *marks], 0, 300 * RECORD_BYTES))
    assert length <= 300 * RECORD_BYTES
    assert kept[0].kind is Kind.SIZE
    assert kept[-1] == marks[-1]
    assert [entry.number for entry in kept[1:]] == [entry.offset + 1 for entry in kept[1:]]


def test_an_index_that_cannot_become_smaller_stays() -> None:
    assert decode_index(compact_index(ENTRIES[:1], 0, 1))[0] == ENTRIES[:1]
