"""Signals in output, whole or cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.screen.output_signals import BELL, MAX_SEQUENCE_BYTES, OutputSignal, SignalScanner

TOLD = [
    (b"\x1b]0;a title\x07", OutputSignal("title", "a title")),
    (b"\x1b]2;gr\xc3\xbc\xc3\x9fe; and more\x1b\\", OutputSignal("title", "grüße; and more")),
    (b"\x1b]9;4;3\x07", OutputSignal("progress", "3")),
    (b"\x1b]9;4;1;50\x1b\\", OutputSignal("progress", "1;50")),
    (b"\x1b]9;look here\x07", OutputSignal("notification", "look here")),
    (b"\x1b]99;i=1:d=0;look here\x1b\\", OutputSignal("notification", "look here")),
    (b"\x1b]777;notify;who;what\x07", OutputSignal("notification", "who;what")),
    (b"\x1b]133;D;1\x07", OutputSignal("mark", "D;1")),
    (b"\x1b]633;E;make all\x07", OutputSignal("mark", "E;make all")),
    (b"\x07", BELL),
]
NOT_TOLD = [
    *(b"plain text\r\n", b"\x1b[31m", b"\x1b]8;;http://example.org\x07", b"\x1b]52;c;aGk=\x07", b"\x1b]11;?\x1b\\"),
    *(b"\x1bPq#0\x07\x1b\\", b"\x1b_Ga=T;\x07AAAA\x1b\\", b"\x1b]777;else\x07", "grüße ✳".encode()),
]


@pytest.mark.parametrize(("data", "signal"), TOLD)
def test_each_alone(data: bytes, signal: OutputSignal) -> None:
    assert SignalScanner().feed(data) == [signal]
    assert SignalScanner().feed(data, has_sequences=b"\x1b" in data) == [signal]


@pytest.mark.parametrize("data", NOT_TOLD)
def test_what_is_none(data: bytes) -> None:
    assert SignalScanner().feed(data) == []


PIECES = st.lists(st.sampled_from([*TOLD, *((data, None) for data in NOT_TOLD)]), max_size=12)


@given(PIECES, st.lists(st.integers(0, 400), max_size=12))
def test_cut_anywhere(pieces: list[tuple[bytes, OutputSignal | None]], cuts: list[int]) -> None:
    data = b"".join(piece for piece, _ in pieces)
    scanner, found, at = SignalScanner(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        part = data[at : max(at, cut)]
        found += scanner.feed(part, has_sequences=b"\x1b" in part)
        at = max(at, cut)
    assert found == [signal for _, signal in pieces if signal is not None]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_will_do(parts: list[bytes]) -> None:
    scanner = SignalScanner()
    for part in parts:
        scanner.feed(part)


def test_a_sequence_that_never_ends_is_let_go() -> None:
    scanner = SignalScanner()
    scanner.feed(b"\x1b]0;")
    for _ in range(100):
        scanner.feed(b"x" * 1000)
    assert len(scanner._tail) <= MAX_SEQUENCE_BYTES + 1000
    assert scanner.feed(b"\x1b]0;next\x07")[-1:] == [OutputSignal("title", "next")]
