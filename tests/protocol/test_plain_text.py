"""Output to text: what is a sequence goes, what is text stays, wherever the chunks are cut."""

import pytest
from ptyd_protocol.plain_text import PlainText, plain_text

SAMPLES = [
    (b"\x1b]0;title\x07hello\r\n", "hello\n"),
    (b"\x1b]0;title\x1b\\hello \x1b(Bx", "hello x"),
    (b"\x1b[1;31mred\x1b[0m and \x1b[?2004hplain", "red and plain"),
    (b"\x1bP1$r0m\x1b\\after \x1b_app\x1b\\it", "after it"),
    (b"a\x1b[3Cb\x1b[2;5Hc", "a   b\nc"),
    ("caf\u00e9 \u4e16\x08\r\n".encode(), "caf\u00e9 \u4e16\n"),
]


@pytest.mark.parametrize(("data", "text"), SAMPLES)
def test_control_sequences_are_removed(data: bytes, text: str) -> None:
    assert plain_text(data) == text


@pytest.mark.parametrize(("data", "text"), SAMPLES)
def test_chunks_may_be_cut_anywhere(data: bytes, text: str) -> None:
    for cut in range(len(data) + 1):
        plain = PlainText()
        assert plain.feed(data[:cut]) + plain.feed(data[cut:]) == text


def test_text_behind_a_finished_title_does_not_wait() -> None:
    """A prompt that sets the title is complete as soon as it is written."""
    plain = PlainText()
    assert plain.feed(b"\x1b]0;user@host\x07$ ") == "$ "
