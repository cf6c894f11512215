"""A session shown in a terminal of another size: what fits of it, to the cell."""

from typing import Any

from tests.cli.conftest import OpenOuter
from tests.cli.outer import Outer
from tests.support.daemon import PtydUnderTest

CHORD = b"\x1cd"


def open_session(open_outer: OpenOuter, name: str, script: str) -> Outer:
    """A session of 100 x 30, with a terminal of that size that controls it."""
    outer = open_outer("new", "-n", name, "--", "sh", "-c", script, cols=100, rows=30)
    outer.wait_for_text("corner")
    return outer


PICTURE = (
    r"printf '\033[H\033[2J%0100d|wrapped\033[31mred\033[m"
    r"\033[30;90Hcorner\033[29;60H世界'; stty raw -echo; exec cat"
)


def test_a_smaller_terminal_follows_the_cursor(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    controller = open_session(open_outer, "large", PICTURE)
    viewer = open_outer("attach", "-r", "large")
    # The cursor is behind 世界, at (63, 28) of 100 x 30: the last column and the last row but one are not needed.
    viewer.terminal.wait_for(lambda screen: "世界" in screen.lines()[-1], "the row of the cursor at the bottom")
    assert viewer.terminal.screen.cursor == (63, 23)
    controller.type("\x1b[H")
    viewer.terminal.wait_for(lambda screen: screen.lines()[0] == "0" * 80, "the first row, cut")
    assert viewer.terminal.screen.lines()[1].startswith("|wrappedred")
    controller.type("\x1b[30;100H")
    viewer.terminal.wait_for(lambda screen: screen.lines()[23] == "corner".rjust(75), "the right lower corner")
    assert viewer.terminal.screen.cursor == (79, 23)
    for outer in (viewer, controller):
        outer.type(CHORD)
        assert outer.check_restored() == 0


def test_a_larger_terminal_shows_where_the_session_ends(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    controller = open_session(open_outer, "small", PICTURE)
    viewer = open_outer("attach", "-r", "small", cols=110, rows=32)
    viewer.terminal.wait_for(lambda screen: screen.lines()[31] == "·" * 110, "what is outside")
    lines = viewer.terminal.screen.lines()
    assert lines[0] == "0" * 100 + "·" * 10, "a line is wrapped where the session wraps it"
    assert lines[1] == "|wrappedred".ljust(100) + "·" * 10
    assert lines[29] == "corner".rjust(95).ljust(100) + "·" * 10
    for outer in (viewer, controller):
        outer.type(CHORD)
        assert outer.check_restored() == 0


def is_vim_of(screen: Any, rows: int) -> bool:
    """Vim has drawn its lines and left the last one, of commands, empty."""
    lines = screen.lines()
    return len(lines) == rows and [line[:1] for line in lines[1:]] == ["~"] * (rows - 2) + [""]


def test_who_types_gets_the_size_and_the_output_as_it_is(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    controller = open_outer("new", "-n", "edited", "--", "vim", "-u", "NONE", "-i", "NONE", "-n", cols=100, rows=30)
    controller.wait_for_text("~")
    other = open_outer("attach", "edited")
    other.terminal.wait_for(lambda screen: "~" in screen.lines()[-1], "the cut screen")
    # One key alone, as vim draws nothing for keys that come with a change of size before there is another.
    other.type("i")
    other.terminal.wait_for(lambda screen: screen.in_alternate and is_vim_of(screen, 24), "vim of 80 x 24")
    other.type("hello")
    other.terminal.wait_for(lambda screen: screen.lines()[0] == "hello", "the output as it is")
    controller.terminal.wait_for(
        lambda screen: (screen.lines()[0], screen.lines()[29]) == ("hello".ljust(80) + "·" * 20, "·" * 100),
        "the smaller screen in the larger",
    )
    other.type(b"\x1b")
    controller.type("A")
    controller.terminal.wait_for(lambda screen: screen.in_alternate and is_vim_of(screen, 30), "its size again")
    controller.type(" world")
    controller.terminal.wait_for(lambda screen: screen.lines()[0] == "hello world", "its output as it is")
    other.terminal.wait_for(lambda screen: screen.lines()[0] == "hello world", "the cut screen again")
    for outer in (other, controller):
        outer.type(CHORD)
        assert outer.check_restored() == 0


def test_a_window_that_is_made_to_fit_shows_all(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    controller = open_session(open_outer, "fitted", PICTURE)
    viewer = open_outer("attach", "-r", "fitted")
    viewer.terminal.wait_for(lambda screen: "世界" in screen.lines()[-1], "a part")
    viewer.terminal.resize(100, 30)
    viewer.terminal.wait_for(lambda screen: screen.lines()[0] == "0" * 100, "all of it")
    controller.type("\x1b[5;1Hmore")
    viewer.terminal.wait_for(lambda screen: screen.lines()[4] == "more", "what comes then")
    assert viewer.terminal.text() == controller.terminal.text()
    for outer in (viewer, controller):
        outer.type(CHORD)
        assert outer.check_restored() == 0


def test_a_part_is_still_painted_by_the_next_daemon(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    controller = open_session(open_outer, "survivor", PICTURE)
    viewer = open_outer("attach", "-r", "survivor")
    viewer.terminal.wait_for(lambda screen: "世界" in screen.lines()[-1], "a part")
    for word in ("one", "two"):
        ptyd.wait_for_new_daemon(ptyd.kill_daemon())
        controller.type(f"\x1b[2J\x1b[H{word}")
        viewer.wait_for_text(word)
        assert viewer.terminal.screen.lines()[0] == word
    for outer in (viewer, controller):
        outer.type(CHORD)
        assert outer.check_restored() == 0
