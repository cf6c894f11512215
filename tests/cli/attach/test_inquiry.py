"""Asking the terminal: each reply is taken once, in any pieces, and nothing that was typed is."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptyd_cli.attach.inquiry import PALETTE_SIZE, Inquiry, parse_colour

REPLIES = [
    b"\x1b]10;rgb:d0d0/d0d0/d0d0\x1b\\",
    b"\x1b]11;rgb:10/20/30\x07",
    b"\x1b]12;#ffcc00\x1b\\",
    *(b"\x1b]4;%d;rgb:%02x/00/ff\x1b\\" % (index, index) for index in range(PALETTE_SIZE)),
    b"\x1b[6;18;9t",
    b"\x1b[4;432;720t",
    b"\x1b[?997;2n",
]
FENCE = b"\x1b[?62;22c"

KEYS = {
    "text": b"hello\r",
    "F3": b"\x1bOR",
    "F3 as CSI": b"\x1b[R",
    "Shift-F3, as a report of the cursor": b"\x1b[1;2R",
    "Ctrl-F3": b"\x1b[1;5R",
    "a report of the cursor": b"\x1b[12;40R",
    "Alt-[": b"\x1b[",
    "Alt-]": b"\x1b]",
    "Alt-O": b"\x1bO",
    "Alt-P": b"\x1bP",
    "Alt-] and a digit": b"\x1b]1",
    "Escape": b"\x1b",
    "kitty": b"\x1b[97;5u",
    "mouse": b"\x1b[<0;10;10M",
    "focus": b"\x1b[I",
    "size": b"\x1b[8;24;80t",
    "mode": b"\x1b[?2026;2$y",
    "another OSC": b"\x1b]52;c;aGk=\x07",
}
LOOK_ALIKES = REPLIES[0] + REPLIES[1] + REPLIES[-3] + FENCE
PASTE = b"\x1b[200~" + LOOK_ALIKES + b"\x1b[201~"


def asked() -> Inquiry:
    inquiry = Inquiry()
    assert inquiry.begin().endswith(b"\x1b[c")
    return inquiry


def feed_in_pieces(inquiry: Inquiry, data: bytes, cuts: list[int]) -> bytes:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    keys = b"".join(inquiry.feed(data[a:b]) for a, b in itertools.pairwise(places))
    return keys + inquiry.flush_partial()


def test_what_the_terminal_says_becomes_its_appearance() -> None:
    inquiry = asked()
    assert inquiry.feed(b"".join(REPLIES) + FENCE) == b""
    assert not inquiry.is_open
    seen = inquiry.appearance(80, 24, (7, 14))
    assert (seen.foreground, seen.background, seen.cursor) == (0xD0D0D0, 0x102030, 0xFFCC00)
    assert seen.palette == [index << 16 | 0xFF for index in range(PALETTE_SIZE)]
    assert (seen.cell_width, seen.cell_height, seen.dark) == (9, 18, False)


def test_what_it_does_not_say_is_unknown_or_follows_from_the_rest() -> None:
    inquiry = asked()
    assert inquiry.feed(REPLIES[1] + REPLIES[3] + REPLIES[5] + b"\x1b[4;432;720t" + FENCE) == b""
    seen = inquiry.appearance(80, 24, (0, 0))
    assert (seen.foreground, seen.cursor, seen.dark) == (None, None, True)
    assert seen.palette == [0x0000FF], "the colours are told from 0 on, without gaps"
    assert (seen.cell_width, seen.cell_height) == (9, 18)
    silent = asked()
    assert silent.feed(FENCE) == b""
    assert silent.appearance(80, 24, (7, 14)).cell_width == 7
    assert silent.appearance(80, 24, (0, 0)).dark is None


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS.keys())
def test_keys_among_the_replies_stay_in_any_two_pieces(keys: bytes) -> None:
    data = REPLIES[0] + b"a" + keys
    for cut in range(len(data) + 1):
        assert feed_in_pieces(asked(), data, [cut]) == b"a" + keys


@pytest.mark.parametrize("reply", [*REPLIES, FENCE])
def test_reply_goes_in_any_two_pieces_and_only_once(reply: bytes) -> None:
    data = b"a" + reply + b"b"
    for cut in range(len(data) + 1):
        inquiry = asked()
        assert inquiry.feed(data[:cut]) + inquiry.feed(data[cut:]) == b"ab"
        assert inquiry.feed(reply) == reply, "the second was meant for the session"


def test_pasted_look_alikes_stay() -> None:
    for cut in range(len(PASTE) + 1):
        inquiry = asked()
        assert inquiry.feed(PASTE[:cut]) + inquiry.feed(PASTE[cut:]) == PASTE
        assert inquiry.is_open
        assert inquiry.feed(LOOK_ALIKES) == b""


def test_questions_in_the_middle_of_a_paste_take_nothing_of_it() -> None:
    for cut in range(7, len(PASTE) - 6):
        inquiry = Inquiry()
        before = inquiry.feed(PASTE[:cut])
        inquiry.begin()
        assert before + inquiry.feed(PASTE[cut:]) == PASTE
        assert inquiry.feed(LOOK_ALIKES) == b""


def test_after_the_fence_or_giving_up_all_is_for_the_session() -> None:
    inquiry = asked()
    assert inquiry.feed(FENCE + LOOK_ALIKES) == LOOK_ALIKES
    inquiry = asked()
    assert inquiry.feed(b"x\x1b]11;rg") == b"x"
    assert inquiry.give_up() == b"\x1b]11;rg"
    assert inquiry.feed(LOOK_ALIKES + b"\x1b]") == LOOK_ALIKES + b"\x1b]"


def test_a_change_of_scheme_is_noted_and_stays_for_the_session() -> None:
    inquiry = Inquiry()
    assert inquiry.feed(b"a\x1b[?997;1nb") == b"a\x1b[?997;1nb"
    assert inquiry.note_scheme_report(b"a\x1b[?997;1nb")
    assert inquiry.appearance(80, 24, (0, 0)).dark is True
    assert not inquiry.note_scheme_report(b"\x1b[I")
    for pasted in (PASTE, PASTE[:-1]):
        assert not inquiry.note_scheme_report(inquiry.feed(pasted))


@settings(derandomize=True)
@given(
    st.lists(st.sampled_from([*KEYS.values(), PASTE, b"", b"x"]), max_size=len(REPLIES)),
    st.lists(st.integers(min_value=0, max_value=2000), max_size=8),
)
def test_keys_come_out_whole_whatever_they_are_mixed_with(keys: list[bytes], cuts: list[int]) -> None:
    # A key that is the beginning of others is followed by something that no reply goes on with.
    typed = [key + b"\x00" for key in keys]
    mixed = b"".join(a + b for a, b in itertools.zip_longest(typed, REPLIES, fillvalue=b"")) + FENCE
    inquiry = asked()
    assert feed_in_pieces(inquiry, mixed, cuts) == b"".join(typed)
    assert not inquiry.is_open


@pytest.mark.parametrize(
    ("spec", "colour"),
    [
        ("rgb:1/8/f", 0x1188FF),
        ("rgb:12/34/56", 0x123456),
        ("rgb:1212/3434/5656", 0x123456),
        ("rgba:ffff/0000/0000/8080", 0xFF0000),
        ("#123456", 0x123456),
        ("#111122223333", 0x112233),
        ("rgb:12/34", None),
        ("rgb:12345/1/1", None),
        ("#1234", None),
    ],
)
def test_parse_colour(spec: str, colour: int | None) -> None:
    assert parse_colour(spec) == colour
