"""Frames of synchronized output: found however the output is cut, and held back within a cap."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.viewing.frames import BEGIN, END, MAX_FRAME_BYTES, MAX_FRAME_SECONDS, FrameWatch

PIECES = [BEGIN, END, b"x", b"text", b"\x1b[", b"\x1b[?2026", b"\x1b[?2026$p", b"h", b"l", b"\x1b[?2025h", b"\x1b"]


def open_at(data: bytes, start: int = 0) -> int | None:
    """By the book: where the first BEGIN is since the last END."""
    is_open: int | None = None
    for found in re.finditer(re.escape(BEGIN) + b"|" + re.escape(END), data):
        if found[0] == END:
            is_open = None
        elif is_open is None:
            is_open = start + found.start()
    return is_open


def watch(*parts: bytes, start: int = 0, now: float = 0.0) -> FrameWatch:
    frames = FrameWatch()
    for part in parts:
        frames.feed(start, part, now)
        start += len(part)
    return frames


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), st.lists(st.integers(0, 100)), st.integers(0, 2**40)
)
def test_any_cut_finds_the_same_frame(data: bytes, cuts: list[int], start: int) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = [data[begin:end] for begin, end in pairwise(places)]
    assert watch(*parts, start=start).open_at == open_at(data, start)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_byte_by_byte(data: bytes) -> None:
    assert watch(*(data[at : at + 1] for at in range(len(data)))).open_at == open_at(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"ab" + BEGIN, 2),
        (BEGIN + b"ab" + END, None),
        (BEGIN + END + b"a" + BEGIN + b"b", 17),
        (b"a" + BEGIN + b"b" + BEGIN, 1),  # begun twice is begun once
        (END + b"b" + BEGIN, 9),
    ],
)
def test_where_a_frame_is_open(data: bytes, expected: int | None) -> None:
    assert watch(data).open_at == expected


def test_output_stops_before_an_open_frame() -> None:
    frames = watch(b"before", BEGIN, b"half", now=5.0)
    assert frames.stop_before(18, 5.0) == 6
    frames.feed(18, END, 5.0)
    assert frames.stop_before(26, 5.0) == 26


def test_a_frame_that_takes_long_is_let_go() -> None:
    frames = watch(b"before", BEGIN, now=5.0)
    frames.feed(14, b"half", 5.0 + MAX_FRAME_SECONDS / 2)  # more of it does not lengthen it
    until = frames.holds_until(6, 18)
    assert until == 5.0 + MAX_FRAME_SECONDS
    assert frames.stop_before(18, until - 0.001) == 6
    assert frames.stop_before(18, until) == 18


def test_each_frame_has_its_own_time() -> None:
    frames = watch(BEGIN, now=5.0)
    frames.feed(8, END + BEGIN, 6.0)
    assert frames.holds_until(16, 24) == 6.0 + MAX_FRAME_SECONDS


def test_a_large_frame_is_let_go() -> None:
    frames = watch(BEGIN, now=5.0)
    assert frames.stop_before(MAX_FRAME_BYTES, 5.0) == 0
    assert frames.stop_before(MAX_FRAME_BYTES + 1, 5.0) == MAX_FRAME_BYTES + 1
    assert frames.holds_until(0, MAX_FRAME_BYTES + 1) is None


def test_what_comes_before_a_frame_waits_for_nothing() -> None:
    frames = watch(b"before", BEGIN, now=5.0)
    assert frames.holds_until(5, 14) is None
    assert watch(b"no frame").holds_until(0, 8) is None
