"""The screen that the end-to-end tests look at tells the truth."""

import pytest

from tests.support.screen import INITIAL_MODES, XtermScreen


def draw(data: bytes, cols: int = 20, rows: int = 5) -> XtermScreen:
    screen = XtermScreen(cols, rows)
    screen.feed(data)
    return screen


def test_a_byte_at_a_time_draws_the_same() -> None:
    strings = "\x1b]0;title\x07\x1bP>|x\x1b\\"
    data = f"\x1b[2J\x1b[2;3Hé\x1b[38;5;174m▛\x1b[0m{strings}\x1b[>1u\x1b[?1049hab\x1b[3b".encode()
    whole, split = draw(data), XtermScreen(20, 5)
    for byte in data:
        split.feed(bytes([byte]))
    assert split.text() == whole.text() == "\n    abbbb"
    assert split.cursor == whole.cursor and split.title == whole.title == "title"


def test_leaving_the_alternate_screen_brings_the_main_one_back() -> None:
    screen = draw(b"before\x1b[?1049h\x1b[Hduring")
    assert (screen.text(), screen.in_alternate) == ("during", True)
    screen.feed(b"\x1b[?1049l after")
    assert (screen.text(), screen.in_alternate) == ("before after", False)


def test_modes_are_kept_and_reset() -> None:
    screen = draw(b"\x1b[?1000;1006h\x1b[?25l\x1b[?2004h")
    assert screen.modes == {7, 1000, 1006, 2004}
    screen.feed(b"\x1bc")
    assert screen.modes == INITIAL_MODES


def test_kitty_flags_are_a_stack_for_each_screen() -> None:
    screen = draw(b"\x1b[>1u\x1b[>5u")
    assert screen.kitty_flags == 5
    screen.feed(b"\x1b[?1049h")
    assert screen.kitty_flags == 0
    screen.feed(b"\x1b[?1049l\x1b[<u")
    assert screen.kitty_flags == 1
    screen.feed(b"\x1b[<9u")
    assert screen.kitty_flags == 0


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"\x1b[c", b"\x1b[?62;22c"),
        (b"ab\x1b[6n", b"\x1b[1;3R"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b[?25$p", b"\x1b[?25;1$y"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1b]11;?\x07", b"\x1b]11;rgb:1c1c/1c1c/1c1c\x1b\\"),
        (b"\x1b[>0q", b"\x1bP>|ptyd-test-terminal 1.0\x1b\\"),
    ],
)
def test_answers_questions(question: bytes, answer: bytes) -> None:
    answers: list[bytes] = []
    screen = XtermScreen(20, 5, answers.append)
    screen.feed(question)
    assert answers == [answer]


def test_scrolls_within_its_margins() -> None:
    screen = draw(b"1\r\n2\r\n3\r\n4\r\n5\x1b[2;4r\x1b[S")
    assert screen.lines() == ["1", "3", "4", "", "5"]
    screen.feed(b"\x1b[T")
    assert screen.lines() == ["1", "", "3", "4", "5"]
