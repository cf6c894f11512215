"""Text that scrolls away unseen: what counts as it, and how much of it may be left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.text_flood import COUNT_BYTES, LOOK_BYTES, TextFlood, is_plain
from tests.core.memory import append, make_log

LINE = b"a line of text\r\n"
CAPACITY = 1024 * 1024


@pytest.mark.parametrize(
    ("data", "plain"),
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
def test_is_plain(data: bytes, plain: bool) -> None:
    assert is_plain(data) is plain


@given(st.lists(st.integers(1, 3 * LOOK_BYTES), max_size=6), st.booleans())
def test_it_does_not_matter_how_it_came(pieces: list[int], has_sequence: bool) -> None:
    log = make_log(CAPACITY)
    flood = TextFlood(log)
    text = LINE * (4 * LOOK_BYTES // len(LINE))
    if has_sequence:
        text += b"\x1b[m"
    at = 0
    for piece in [*pieces, len(text)]:
        append(log, text[at : at + piece])
        at += piece
        seen = flood.look(0)
        assert seen is (not has_sequence or at < len(text) - 2)


def test_a_line_without_an_end_is_no_flood() -> None:
    log = make_log(CAPACITY)
    append(log, b"x" * (2 * LOOK_BYTES))
    assert not TextFlood(log).look(0)


@pytest.mark.parametrize("lines", [0, 1, 100, COUNT_BYTES // len(LINE), 2 * COUNT_BYTES // len(LINE) + 1])
@pytest.mark.parametrize("cursor", [0, 7, 1000])
def test_enough_lines_follow(lines: int, cursor: int) -> None:
    log = make_log(CAPACITY)
    flood = TextFlood(log)
    text = LINE * 30_000
    append(log, text)
    assert flood.look(cursor)
    cut = flood.find_cut(cursor, lines)
    assert cut > cursor
    assert text[:cut].endswith(b"\r\n")
    assert text[cut:].count(b"\n") >= lines


def test_nothing_is_left_out_of_what_may_be_seen() -> None:
    log = make_log(CAPACITY)
    flood = TextFlood(log)
    append(log, LINE * 100)
    assert flood.find_cut(0, 10) == 0  # nobody has looked
    assert flood.look(0)
    assert flood.find_cut(0, 100) == 0
    append(log, b"\x1b[2J" + LINE * 1000)
    assert not flood.look(0)
    assert flood.find_cut(0, 100) == 0  # the lines behind the sequence do not count
