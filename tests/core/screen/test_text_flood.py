"""Text that scrolls away unseen: what counts as it, and how much of it may be left out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.screen.output_signals import SignalScanner
from ptyd.core.screen.text_flood import COUNT_BYTES, PlainSpan, PlainText, find_cut, has_other_sequences
from ptyd.core.viewing.frames import FrameWatch
from tests.core.memory import append, make_log

LINE = b"a line of text\r\n"
CAPACITY = 1024 * 1024


def note(*pieces: bytes) -> PlainText:
    plain, offset = PlainText(0), 0
    for piece in pieces:
        plain.note(offset, piece)
        offset += len(piece)
    return plain


@pytest.mark.parametrize(
    ("data", "is_plain"),
    [
        (b"", True),
        (b"text", True),
        (LINE * 3, True),
        (LINE + b"rest\r", True),
        (b"\r\n\r\n", True),
        (b"a\nb\rc\r\r\n", True),
        (b"a\tb\r\n", True),
        (b"\x1b[31mred\x1b[0;38:2::1:2:3m \x1b[m\x1b[K\x1b[2K\r\n", True),
        (b"\x1b", True),
        (b"text \x1b[38;5", True),
        ("ü漢😀\r\n".encode(), True),
        ("ü".encode()[:1], True),
        (b"bell\x07", False),
        (b"back\b", False),
        (b"\x7f", False),
        (b"\x0e", False),
        (b"\x1b[>4m", False),
        (b"\x1b[?25h", False),
        (b"\x1b[31;H", False),
        (b"\x1b\x1b[m", False),
        (b"\x1b7", False),
        (b"\x1b[3\r1m", False),
        (b"\x1b]2;a title\x1b[m", False),
        ("\x9b31m".encode(), False),
        (b"\xc2" * 2 + b"\x9b", False),
    ],
)
def test_what_is_plain(data: bytes, is_plain: bool) -> None:
    end = len(data)
    assert note(data).span == PlainSpan(0 if is_plain else end, end, end if b"\x1b" in data or not is_plain else 0)


@given(
    st.lists(
        st.sampled_from(
            [b"text", LINE, b"\r", b"\n", b"\x1b[m", b"\x1b[38;5;7m", b"\x1b[H", "\u009b".encode(), "ü".encode()]
        ),
        max_size=8,
    ),
    st.data(),
)
def test_it_does_not_matter_how_it_came(parts: list[bytes], draw: st.DataObject) -> None:
    text = b"".join(parts)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    since = note(*(piece for piece in pieces if piece)).span.since
    # A piece may count as not plain as a whole; what is said to be plain has to be.
    assert note(text[since:]).span.since in (0, len(text) - since)
    assert (since == 0) is (note(text).span.since == 0) or not text


def test_what_was_not_seen_does_not_count() -> None:
    plain = PlainText(100)
    plain.note(100, LINE)
    assert plain.span == PlainSpan(100, 116, 100)
    plain.note(200, LINE)
    assert plain.span == PlainSpan(216, 216, 216)


@pytest.mark.parametrize("lines", [0, 1, 100, COUNT_BYTES // len(LINE), 2 * COUNT_BYTES // len(LINE) + 1])
@pytest.mark.parametrize("cursor", [0, 7, 1000])
def test_enough_lines_follow(lines: int, cursor: int) -> None:
    log = make_log(CAPACITY)
    text = LINE * 30_000
    append(log, text)
    cut = find_cut(log, cursor, PlainSpan(0, len(text), 0), lines)
    assert cut > cursor
    assert text[:cut].endswith(b"\r\n")
    assert text[cut:].count(b"\n") >= lines


def test_nothing_is_left_out_of_what_may_be_seen() -> None:
    log = make_log(CAPACITY)
    append(log, LINE * 100)
    assert find_cut(log, 0, PlainSpan(0, 100 * len(LINE), 0), 100) == 0
    append(log, LINE * 1000)
    assert find_cut(log, 0, PlainSpan(0, 100 * len(LINE), 0), 100) == 0  # the lines behind do not count


COLOURED = b"\x1b[31m%06d\x1b[0m some \x1b[33mcoloured\x1b[m text\r\n"


@pytest.mark.parametrize("lines", [0, 100, 5000])
def test_what_is_kept_of_coloured_text_begins_with_a_reset(lines: int) -> None:
    log = make_log(CAPACITY)
    text = b"".join(COLOURED % number for number in range(10_000))
    append(log, text)
    cut = find_cut(log, 0, PlainSpan(0, len(text), len(text)), lines)
    assert cut > 0
    assert text[cut:].startswith((b"\x1b[0m", b"\x1b[m"))
    assert text[cut:].count(b"\n") >= lines


def test_nothing_is_left_out_of_text_whose_colours_are_never_reset() -> None:
    log = make_log(CAPACITY)
    text = b"\x1b[31mred\x1b[39mother\r\n" * 10_000
    append(log, text)
    assert find_cut(log, 0, PlainSpan(0, len(text), len(text)), 100) == 0


@pytest.mark.parametrize("text", [b"a line\n" * 10_000, b"a line\n" * 9_000 + LINE * 20])
def test_nothing_is_left_out_where_no_line_begins_in_the_first_column(text: bytes) -> None:
    log = make_log(CAPACITY)
    append(log, text)
    assert find_cut(log, 0, PlainSpan(0, len(text), 0), 100) == 0


def test_a_line_that_begins_further_on_is_not_taken_where_too_few_follow() -> None:
    log = make_log(CAPACITY)
    text = b"x\n" * 500 + LINE * 50
    append(log, text)
    assert find_cut(log, 0, PlainSpan(0, len(text), 0), 49) == text.index(b"\r\n") + 2
    assert find_cut(log, 0, PlainSpan(0, len(text), 0), 50) == 0


@given(
    st.lists(st.sampled_from([b"text", LINE, b"\x1b[m", b"\x1b[38;5;7m", b"\x1b[H", b"\x1b]2;a\x07"]), max_size=8),
    st.data(),
)
def test_it_does_not_matter_who_looks_for_sequences(parts: list[bytes], draw: st.DataObject) -> None:
    text = b"".join(parts)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    told, untold = PlainText(0), PlainText(0)
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[begin:end]
        told.note(begin, piece, has_sequences=has_other_sequences(piece))
        untold.note(begin, piece)
        assert told.span == untold.span


PARTS = [
    *(b"text", b"\r\n", b"\x07", b"\x1b", b"\x1b[", b"\x1b[31m", b"\x1b[38;2;1", b";2;3m", b"\x1b[K", b"\x1b[6n"),
    *(b"\x1b[?2026h", b"\x1b[?2026l", b"\x1b]0;title\x07", b"]0;more\x1b\\", b"?2026h", b"\x1bP", b"\x1b7", b"\xc2"),
    b"\x1b[" + b"1" * 100,
]


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.data())
def test_who_is_told_that_no_sequence_begins_misses_none(parts: list[bytes], draw: st.DataObject) -> None:
    """Frames, signals and plain text are found as by somebody who looks at everything, wherever the output is cut."""
    data = b"".join(parts)
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(data)), max_size=6)) | {0, len(data)})
    told, looking = (FrameWatch(), SignalScanner(), PlainText(0)), (FrameWatch(), SignalScanner(), PlainText(0))
    for begin, end in pairwise(cuts):
        piece = data[begin:end]
        seen = []
        for (frames, signals, plain), has in ((told, has_other_sequences(piece)), (looking, True)):
            frames.feed(begin, piece, 1.0, has_sequences=has)
            found = signals.feed(piece, has_sequences=has)
            plain.note(begin, piece, has_sequences=has)
            seen.append((frames.open_at, found, plain.span))
        assert seen[0] == seen[1]
