"""Output to text: what is a sequence goes, what is text stays, wherever the chunks are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptyd_protocol.plain_text import PlainText, plain_text

SAMPLES = [
    (b"\x1b]0;title\x07hello\r\n", "hello\n"),
    (b"\x1b]0;title\x1b\\hello \x1b(Bx", "hello x"),
    (b"\x1b[1;31mred\x1b[0m and \x1b[?2004hplain", "red and plain"),
    (b"\x1bP1$r0m\x1b\\after \x1b_app\x1b\\it", "after it"),
    (b"a\x1b[3Cb\x1b[2;5Hc", "a   b\nc"),
    ("a\u009b31mb\u009d0;x\u0085c".encode(), "a31mb0;xc"),
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


pieces = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        st.sampled_from(
            [
                *("\x1b[1;31m", "\x1b[0m", "\x1b[2;5H", "\x1b[3C", "\x1b[20G", "\x1b[?2004h", "\x1b[1 q", "\x1b[K"),
                *(
                    "\x1b]0;title\x07",
                    "\x1b]0;broken",
                    "\x1b]8;;http://x\x1b\\",
                    "\x1bP+q544e\x1b\\",
                    "\x1b_app\x1b\\",
                    "\x1b(B",
                    "\x1b7",
                ),
                *("\r\n", "\r", "\n", "\r\r\n", "\b", "\t", "\x07", "\x0e", "\x1b", "\x1b[", "\x1b]0;"),
            ]
        ),
    ),
    max_size=12,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(pieces, st.data())
def test_chunks_of_anything(text: str, data: st.DataObject) -> None:
    """However it is cut, it comes to the same, if the end is not in the midst of something."""
    encoded = (text + "\x07end\x18\n").encode()
    whole = plain_text(encoded)
    for cut in range(len(encoded) + 1):
        plain = PlainText()
        assert plain.feed(encoded[:cut]) + plain.feed(encoded[cut:]) == whole, cut
    plain = PlainText()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=8)))
    parts = [encoded[a:b] for a, b in zip([0, *cuts], [*cuts, len(encoded)], strict=True)]
    assert "".join(plain.feed(part) for part in parts) == whole


@given(st.binary(max_size=200))
def test_any_bytes_become_text(data: bytes) -> None:
    text = plain_text(data)
    assert not set(text) & set("\x00\x07\x08\x1a\x7f")


def test_a_sequence_that_never_ends_is_shown() -> None:
    """A terminal would swallow everything behind it; a reader must not."""
    plain = PlainText()
    shown = plain.feed(b"\x1b]0;" + b"x" * 5000) + plain.feed(b"y" * 5000)
    assert shown.count("y") == 5000


@pytest.mark.parametrize(
    "unit",
    [
        b"\x1b]\n",
        b"\x1bP",
        b"\x1b]0;",
        b"\x1b[1;",
        b"\x1b ",
        b"\x1b",
        b"\r",
        b"\rx",
        b"\x1b]\x1b",
        b"\x1b[31mx",
        b"\x1b[3C",
    ],
)
def test_time_grows_with_the_length_only(unit: bytes) -> None:
    """A program must not be able to stop the daemon by what it prints. By the square of its length, this took hours."""
    plain_text(unit * (2_000_000 // len(unit)))


def test_an_escape_ends_a_string() -> None:
    assert plain_text(b"\x1b]0;lost title\x1b[1mbold\x1b]0;title\x07 end\n") == "bold end\n"
    assert plain_text(b"\x1bPtmux;\x1b\x1b]0;title\x07\x1b\\end\n") == "end\n"
