"""The mode tracker: what was switched on is switched off, and only that; and it sees the same in any
pieces."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_cli.attach.terminal_modes import POP_TITLE, TerminalModes

NOTHING = b"\x1b\\\x1b[m"
"""What leaving always writes: the end of a cut-off string, and the colours' reset."""


def leave_after(*pieces: bytes, cols: int = 80) -> bytes:
    modes = TerminalModes()
    for piece in pieces:
        modes.observe(piece)
    return modes.leave(cols=cols)


CASES = {
    "mouse": (
        b"\x1b[?1000h\x1b[?1002;1003h\x1b[?1006h",
        [b"\x1b[?1000l", b"\x1b[?1002l", b"\x1b[?1003l", b"\x1b[?1006l"],
    ),
    "paste": (b"\x1b[?2004h", [b"\x1b[?2004l"]),
    "focus": (b"\x1b[?1004h", [b"\x1b[?1004l"]),
    "colour scheme": (b"\x1b[?2031h", [b"\x1b[?2031l"]),
    "synchronized": (b"\x1b[?2026h", [b"\x1b[?2026l"]),
    "size reports": (b"\x1b[?2048h", [b"\x1b[?2048l"]),
    "win32 keys": (b"\x1b[?9001h", [b"\x1b[?9001l"]),
    "application cursor": (b"\x1b[?1h\x1b=", [b"\x1b[?1l", b"\x1b>"]),
    "application keypad by mode": (b"\x1b[?66h", [b"\x1b[?66l"]),
    "hidden cursor": (b"\x1b[?25l", [b"\x1b[?25h"]),
    "no wrapping": (b"\x1b[?7l", [b"\x1b[?7h"]),
    "alternate scroll": (b"\x1b[?1007h", [b"\x1b[?1007l"]),
    "alternate scroll off": (b"\x1b[?1007l", [b"\x1b[?1007h"]),
    "alternate 1049": (b"\x1b[?1049h", [b"\x1b[?1049l"]),
    "alternate 47": (b"\x1b[?47h", [b"\x1b[?47l"]),
    "alternate 1047": (b"\x1b[?1047h", [b"\x1b[?1047l"]),
    "cursor shape": (b"\x1b[5 q", [b"\x1b[0 q"]),
    "insert": (b"\x1b[4h", [b"\x1b[4l"]),
    "kitty keys": (b"\x1b[>1u\x1b[>5u", [b"\x1b[<2u"]),
    "kitty keys set": (b"\x1b[=1;1u", [b"\x1b[=0;1u"]),
    "modifyOtherKeys": (b"\x1b[>4;2m", [b"\x1b[>4m"]),
    "charset": (b"\x1b(0", [b"\x1b(B"]),
    "shift out": (b"\x1b)0\x0e", [b"\x1b)B", b"\x0f"]),
    "latin 1": (b"\x1b%@", [b"\x1b%G"]),
    "region": (b"\x1b[2;10r", [b"\x1b7\x1b[r\x1b8"]),
    "background": (b"\x1b]11;#000\x07", [b"\x1b]111\x1b\\"]),
    "two colours": (b"\x1b]10;red;blue\x1b\\", [b"\x1b]110\x1b\\", b"\x1b]111\x1b\\"]),
    "palette": (b"\x1b]4;1;red;7;blue\x07", [b"\x1b]104;1;7\x1b\\"]),
    "link": (b"\x1b]8;;http://x\x1b\\x", [b"\x1b]8;;\x1b\\"]),
    "progress": (b"\x1b]9;4;1;50\x07", [b"\x1b]9;4;0\x1b\\"]),
    "restored to on": (b"\x1b[?1000h\x1b[?1000s\x1b[?1000l\x1b[?1000r", [b"\x1b[?1000l"]),
}
BALANCED = {
    "text": b"hello\r\n",
    "colours": b"\x1b[1;31mred",
    "vim's visit": b"\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?25l\x1b[?2004l\x1b[?1l\x1b>\x1b[?1049l\x1b[?25h",
    "kitty": b"\x1b[>1u\x1b[<u",
    "kitty on the other screen": b"\x1b[?1049h\x1b[>1u\x1b[<u\x1b[?1049l",
    "modifyOtherKeys": b"\x1b[>4;2m\x1b[>4m",
    "charset": b"\x1b(0qqq\x1b(B",
    "shift": b"\x0e\x0f",
    "region": b"\x1b[2;9r\x1b[r",
    "colour": b"\x1b]11;red\x07\x1b]111\x07",
    "palette": b"\x1b]4;1;red\x07\x1b]104\x07",
    "colour asked for": b"\x1b]11;?\x07",
    "link": b"\x1b]8;;http://x\x1b\\x\x1b]8;;\x1b\\",
    "shape": b"\x1b[5 q\x1b[0 q",
    "full reset": b"\x1b[?1049h\x1b[?1000h\x1b[>1u\x1b=\x1b(0\x1b[2;3r\x1bc",
    "soft reset": b"\x1b[?25l\x1b[4h\x1b[?6h\x1b[2;3r\x1b=\x1b[!p",
    "progress": b"\x1b]9;4;3\x07\x1b]9;4;0;\x07",
    "saved": b"\x1b[?2004s\x1b[?2004h\x1b[?2004r",
}


@pytest.mark.parametrize(("output", "expected"), CASES.values(), ids=CASES.keys())
def test_what_was_switched_on_is_switched_off(output: bytes, expected: list[bytes]) -> None:
    assert leave_after(output) == NOTHING[:2] + b"".join(expected) + NOTHING[2:]


@pytest.mark.parametrize("output", BALANCED.values(), ids=BALANCED.keys())
def test_what_the_program_restored_is_left_alone(output: bytes) -> None:
    assert leave_after(output) == NOTHING


def test_kitty_flags_of_each_screen_are_popped_on_that_screen() -> None:
    written = leave_after(b"\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[>7u")
    assert written == b"\x1b\\\x1b[<2u\x1b[?1049l\x1b[<1u\x1b[m"


def test_the_alternate_screen_is_left_before_the_margins_of_the_main_one_are_reset() -> None:
    written = leave_after(b"\x1b[?1049h\x1b[2;9r")
    assert written == b"\x1b\\\x1b[r\x1b[?1049l\x1b7\x1b[r\x1b8\x1b[m"


def test_tab_stops_are_put_back() -> None:
    assert leave_after(b"\x1b[3g", cols=20) == b"\x1b\\\x1b7\x1b[3g\x1b[9G\x1bH\x1b[17G\x1bH\x1b8\x1b[m"


@pytest.mark.parametrize(
    ("output", "pops"),
    [
        (b"", 1),
        (b"\x1b[22;0t", 2),
        (b"\x1b[22;2t\x1b[22;1t\x1b[23t", 2),
        (b"\x1b[23;0t", 0),
        (b"\x1b[23;0t" * 3, 0),
    ],
)
def test_titles_that_the_program_pushed_are_popped_too(output: bytes, pops: int) -> None:
    modes = TerminalModes()
    modes.observe(output)
    assert modes.leave_title() == POP_TITLE * pops


def test_the_last_title_is_known() -> None:
    modes = TerminalModes()
    modes.observe(b"\x1b]0;one\x07\x1b]2;two; three\x1b\\\x1b]1;icon\x07")
    assert modes.osc.title == b"two; three"


def test_enhanced_keyboard_is_known() -> None:
    modes = TerminalModes()
    assert not modes.has_enhanced_keyboard
    modes.observe(b"\x1b[>1u")
    assert modes.has_enhanced_keyboard
    modes.observe(b"\x1b[<u")
    assert not modes.has_enhanced_keyboard
    modes.observe(b"\x1b[>4;2m")
    assert modes.has_enhanced_keyboard


PIECES = st.one_of(
    st.sampled_from([output for output, _ in CASES.values()] + list(BALANCED.values())),
    st.binary(max_size=5),
    st.sampled_from([b"\x1b", b"[", b"]", b"\x1b]0;t", b"\x1b[?1049", b"h", b"\x1b\\", b"\x07"]),
)


@given(st.lists(PIECES, max_size=12), st.lists(st.integers(min_value=0, max_value=2000), max_size=10))
def test_any_split_gives_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    split = [data[a:b] for a, b in itertools.pairwise(places)]
    assert leave_after(data) == leave_after(*split)


@given(st.lists(PIECES, max_size=12))
def test_leaving_leaves_nothing_to_leave(pieces: list[bytes]) -> None:
    modes = TerminalModes()
    modes.observe(b"".join(pieces))
    modes.observe(modes.leave())
    assert modes.leave() == NOTHING
