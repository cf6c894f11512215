"""From the log and its times to asciicast: the same whatever the pieces were."""

import random
from collections.abc import Iterator

import pytest
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.log.asciicast import CastState, convert_piece, find_start, format_exit, format_header
from ptyd.core.log.export_cursor import ExportCursor
from ptyd.core.log.time_index import Entry, Kind, encode_size
from tests.support.asciicast import Recording, check_asciicast

T0 = 1_700_000_000_000
TEXT = "grüße, 世界 🎉 é\r\n"
OUTPUT = TEXT.encode()


def make_entries(*rows: tuple[Kind, int, int, bytes]) -> list[Entry]:
    entries: list[Entry] = []
    number = 0
    for kind, offset, at_ms, payload in [(Kind.SIZE, 0, T0, encode_size(80, 24)), *rows]:
        entries.append(Entry(kind, offset, at_ms, payload, number))
        number += kind is not Kind.TIME
    return entries


def split(data: bytes, *, seed: int | None = None) -> Iterator[bytes]:
    chance = random.Random(seed)
    at = 0
    while at < len(data):
        length = len(data) if seed is None else chance.randint(1, 9)
        yield data[at : at + length]
        at += length


def write_cast(entries: list[Entry], output: bytes, *, seed: int | None = None, with_input: bool = False) -> Recording:
    """The whole cast, converted in one piece, or in pieces of random lengths."""
    start = find_start(entries, 0)
    cast = format_header(start, ["sh", "-c", "echo 'a b'"], "build", {"TERM": "xterm-256color", "SHELL": "/bin/sh"})
    state = start.state
    for piece in split(output, seed=seed):
        end = state.offset + len(piece) + 3  # what was unfinished before, and more
        data = output[state.offset : end]
        lines, state = convert_piece(state, entries, data, with_input=with_input, is_end=end >= len(output))
        cast += lines
    return check_asciicast(cast + format_exit(state, 3, None, (T0 + 60_000) / 1000))


def test_header_and_exit() -> None:
    recording = write_cast(make_entries((Kind.TIME, 0, T0 + 1500, b"")), OUTPUT)
    assert recording.header == {
        "version": 3,
        "term": {"cols": 80, "rows": 24, "type": "xterm-256color"},
        "timestamp": T0 // 1000,
        "command": "sh -c 'echo '\"'\"'a b'\"'\"''",
        "title": "build",
        "env": {"SHELL": "/bin/sh"},
    }
    assert [(float(event.at), event.code, event.data) for event in recording.events] == [
        (1.5, "o", TEXT),
        (60.0, "x", "3"),
    ]


def test_exit_of_a_signal_and_of_one_that_nobody_saw() -> None:
    state = CastState(0, 1, T0, T0)
    assert format_exit(state, None, 9, T0 / 1000 + 1) == b'[1.000, "x", "137"]\n'
    assert format_exit(state, None, None, T0 / 1000) == b""


def test_events_stand_between_the_bytes_where_they_were() -> None:
    entries = make_entries(
        (Kind.TIME, 0, T0 + 100, b""),
        (Kind.SIZE, 2, T0 + 200, encode_size(100, 30)),
        (Kind.MARK, 2, T0 + 300, b"hier"),
        (Kind.INPUT, 2, T0 + 400, b"secret"),
        (Kind.TIME, 4, T0 + 500, b""),
    )
    recording = write_cast(entries, b"abcdef")
    assert [(float(event.at), event.code, event.data) for event in recording.events] == [
        (0.1, "o", "ab"),
        (0.2, "r", "100x30"),
        (0.3, "m", "hier"),
        (0.4, "o", "cd"),
        (0.5, "o", "ef"),
        (60.0, "x", "3"),
    ]
    assert write_cast(entries, b"abcdef", with_input=True).of("i") == ["secret"]


def test_a_clock_that_was_put_back_does_not_go_back() -> None:
    entries = make_entries((Kind.TIME, 0, T0 + 500, b""), (Kind.TIME, 1, T0 - 9000, b""), (Kind.TIME, 2, T0 + 600, b""))
    assert [float(event.at) for event in write_cast(entries, b"abc").events] == [0.5, 0.5, 0.6, 60.0]


def test_a_character_cut_by_a_time_is_whole() -> None:
    for cut in range(1, len(OUTPUT)):
        entries = make_entries((Kind.TIME, 0, T0, b""), (Kind.TIME, cut, T0 + 10, b""), (Kind.MARK, cut, T0 + 11, b""))
        assert write_cast(entries, OUTPUT).text() == TEXT


@pytest.mark.parametrize("output", [b"a\xff\xfeb", b"\xc3", b"ok\xe4\xb8", b"\xed\xa0\x80"])
def test_what_is_no_utf8(output: bytes) -> None:
    assert write_cast(make_entries(), output).text() == output.decode(errors="replace")


def test_what_nobody_sees_is_escaped() -> None:
    state = CastState(0, 1, T0, T0)
    lines, _ = convert_piece(state, [], '\x00\x1b[m\x7f\x9b\u2028\ufeff"\\ü'.encode())
    assert lines == '[0.000, "o", "\\u0000\\u001b[m\\u007f\\u009b\\u2028\\ufeff\\"\\\\ü"]\n'.encode()


@pytest.mark.parametrize("seed", range(40))
def test_pieces_do_not_matter(seed: int) -> None:
    chance = random.Random(1000 + seed)
    output = b"".join(chance.choice([OUTPUT, b"\xff", bytes([chance.randrange(256)])]) for _ in range(40))
    rows = []
    offset, at_ms = 0, T0
    while offset < len(output):
        kind = chance.choice([Kind.TIME, Kind.TIME, Kind.MARK, Kind.SIZE])
        payload = {Kind.SIZE: encode_size(80 + offset % 50, 24), Kind.MARK: b"m%d" % offset}.get(kind, b"")
        rows.append((kind, offset, at_ms, payload))
        offset += chance.randrange(20)
        at_ms += chance.randrange(2000)
    entries = make_entries(*rows)
    whole = write_cast(entries, output)
    pieces = write_cast(entries, output, seed=seed)
    assert pieces.text() == whole.text() == output.decode(errors="replace")
    for code in "mr":
        assert pieces.of(code) == whole.of(code)
        assert [event.at for event in pieces.events if event.code == code] == [
            event.at for event in whole.events if event.code == code
        ]


# --- beginning later ---


def test_a_beginning_in_the_middle_has_the_size_and_the_time_of_there() -> None:
    entries = make_entries(
        (Kind.TIME, 0, T0 + 100, b""),
        (Kind.MARK, 3, T0 + 150, b"before"),
        (Kind.SIZE, 5, T0 + 200, encode_size(100, 30)),
        (Kind.TIME, 9, T0 + 300, b""),
        (Kind.MARK, 12, T0 + 400, b"after"),
    )
    start = find_start(entries, 10)
    assert (start.cols, start.rows) == (100, 30)
    assert start.state == CastState(10, 3, T0 + 300, T0 + 300)
    lines, _ = convert_piece(start.state, entries, b"klmn")
    assert lines == b'[0.000, "o", "kl"]\n[0.100, "m", "after"]\n[0.000, "o", "mn"]\n'


def test_a_session_begins_with_the_size_it_was_made_with() -> None:
    start = find_start(make_entries((Kind.SIZE, 0, T0 + 5, encode_size(100, 30))), 0)
    assert (start.cols, start.rows, start.state.events) == (80, 24, 1)


def test_cursor() -> None:
    cursor = ExportCursor(7, 0, 100, CastState(10, 1, T0, T0))
    assert ExportCursor.decode(cursor.encode(), 7) == cursor
    with pytest.raises(Refusal) as caught:
        ExportCursor.decode(cursor.encode(), 8)
    assert caught.value.code == ErrorCode.OUTPUT_LOST
    for text in ("x", "1.2", "7.0.100.10.1.1.-1", "7.0.100.10.1.1." + "9" * 30, "7.0.100.10.1.1.²"):
        with pytest.raises(Refusal) as caught:
            ExportCursor.decode(text, 7)
        assert caught.value.code == ErrorCode.BAD_REQUEST
