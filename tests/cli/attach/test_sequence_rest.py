"""Where nothing may be written in between: inside a sequence, a string, a character."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_cli.attach.sequence_rest import SequenceRest

INSIDE = [
    b"\x1b",
    b"\x1b[",
    b"\x1b[1;2",
    b"\x1b[?25",
    b"\x1b[0 ",
    b"\x1b(",
    b"\x1b]0;title",
    b"\x1bPq#0",
    b"\x1b_Ga=T;AA",
]
INSIDE += [b"\x1b]0;t\x1b", b"\xe2\x82", b"\xc3", b"\xf0\x9f\x98", b"\x1b]11;" + b"x" * 5000]
OUTSIDE = [
    b"",
    b"text",
    b"\x1b[m",
    b"\x1b[1;2H",
    b"\x1b(B",
    b"\x1bM",
    b"\x1b]0;t\x07",
    b"\x1b]0;t\x1b\\",
    b"\x1bPq\x1b\\",
]
OUTSIDE += ["€".encode(), "é".encode(), "😀".encode(), b"\x1b]0;cut\x18", b"\xff", b"\x1b[\x1b[m"]


@pytest.mark.parametrize("data", INSIDE)
def test_inside(data: bytes) -> None:
    for cut in range(len(data) if len(data) < 100 else 5):
        rest = SequenceRest()
        rest.observe(b"text" + data[:cut])
        rest.observe(data[cut:])
        assert rest.is_inside


@pytest.mark.parametrize("data", OUTSIDE)
def test_outside(data: bytes) -> None:
    for cut in range(len(data) + 1):
        rest = SequenceRest()
        rest.observe(b"text" + data[:cut])
        rest.observe(data[cut:])
        assert not rest.is_inside


@given(st.lists(st.sampled_from(INSIDE[:-1] + OUTSIDE), max_size=8), st.lists(st.integers(0, 300), max_size=8))
def test_any_split_says_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    whole, split = SequenceRest(), SequenceRest()
    whole.observe(data)
    for start, end in itertools.pairwise(places):
        split.observe(data[start:end])
    assert whole.is_inside == split.is_inside
