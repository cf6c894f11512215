"""Text that scrolls away unseen: what counts as it, and how much of it may be left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.text_flood import COUNT_BYTES, PlainSpan, PlainText, find_cut
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
        (b"a\nb\r\n", False),
        (b"a\rb\r\n", False),
        (b"\n", False),
        (b"\r\r\n", False),
        (b"a\tb\r\n", False),
        (b"\x1b[31mred\r\n", False),
        ("ü\r\n".encode(), False),
        (b"bell\x07", False),
        (b"\x7f", False),
    ],
)
def test_what_is_plain(data: bytes, is_plain: bool) -> None:
    assert note(data).span == PlainSpan(0 if is_plain else len(data), len(data))


@given(st.lists(st.sampled_from([b"text", LINE, b"\r", b"\n", b"\x1b[m", b"\r\n"]), max_size=8), st.data())
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
    assert plain.span == PlainSpan(100, 116)
    plain.note(200, LINE)
    assert plain.span == PlainSpan(216, 216)


@pytest.mark.parametrize("lines", [0, 1, 100, COUNT_BYTES // len(LINE), 2 * COUNT_BYTES // len(LINE) + 1])
@pytest.mark.parametrize("cursor", [0, 7, 1000])
def test_enough_lines_follow(lines: int, cursor: int) -> None:
    log = make_log(CAPACITY)
    text = LINE * 30_000
    append(log, text)
    cut = find_cut(log, cursor, len(text), lines)
    assert cut > cursor
    assert text[:cut].endswith(b"\r\n")
    assert text[cut:].count(b"\n") >= lines


def test_nothing_is_left_out_of_what_may_be_seen() -> None:
    log = make_log(CAPACITY)
    append(log, LINE * 100)
    assert find_cut(log, 0, 100 * len(LINE), 100) == 0
    append(log, LINE * 1000)
    assert find_cut(log, 0, 100 * len(LINE), 100) == 0  # the lines behind do not count
