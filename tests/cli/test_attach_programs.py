"""Real full-screen programs, attached to, left and come back to."""

from pathlib import Path

from tests.cli.conftest import OpenOuter
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

CHORD = b"\x1cd"


def test_vim(ptyd: PtydUnderTest, open_outer: OpenOuter, tmp_path: Path) -> None:
    file = tmp_path / "text"
    outer = open_outer("new", "-n", "vim", "--", "vim", "-u", "NONE", "-i", "NONE", "-n", str(file))
    outer.wait_for_text("~")
    outer.type("ihello from vim\r")
    outer.wait_for_text("hello from vim")
    outer.type(b"\x1b:set nu\r")
    outer.wait_for_text("1 hello from vim")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    again = open_outer("attach", "vim", cols=100, rows=30)
    again.wait_for_text("1 hello from vim")
    again.type(b"Gosecond line")
    again.wait_for_text("second line")
    again.type(b"\x1c\x0e")  # vim's own use of the prefix: back to Normal mode
    again.type(":wq\r")
    assert again.check_restored() == 0
    assert "[exited 0]" in again.terminal.text()
    assert file.read_text() == "hello from vim\n\nsecond line\n"


def test_htop(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = open_outer("new", "-n", "htop", "--", "htop", "--no-color", cols=100, rows=30)
    outer.wait_for_text("F10Quit")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    again = open_outer("attach", "htop", cols=90, rows=25)
    again.wait_for_text("F10Quit")
    again.terminal.resize(110, 32)
    again.terminal.wait_for(lambda screen: "F10Quit" in screen.lines()[31], "the bar on the last row")
    again.type("q")
    assert again.check_restored() == 0


def test_less_on_the_alternate_screen(ptyd: PtydUnderTest, open_outer: OpenOuter, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_text("".join(f"line {number}\n" for number in range(1, 200)))
    outer = open_outer("new", "-n", "less", "--", "less", str(file))
    outer.wait_for_text("line 1\n")
    outer.type("G")
    outer.wait_for_text("line 199")
    outer.type("q")
    assert outer.check_restored() == 0


def test_a_screen_that_nobody_draws_again_is_there_to_the_cell(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    script = (
        r"seq 100; printf 'on the main screen\033[?1049h\033[H\033[2J\033[3;7H\033[7mhead\033[m\033[12;40Hmiddle"
        r"\033[24;75Hcorner\033[5;9H\033[?2004h\033[?1000h\033]2;still\007'; exec sleep 1000"
    )
    ptyd.cli("new", "-d", "-n", "still", "--", "sh", "-c", script, check=True)
    wait_until(lambda: ptyd.request("get", session="still")["title"] == "still", what="the picture")
    outer = open_outer("attach", "still")
    outer.terminal.wait_for(lambda screen: screen.title == "still" and screen.in_alternate, "the picture")
    outer.terminal.wait_for(lambda screen: screen.cursor == (8, 4), "the cursor in its place")
    assert outer.terminal.text() == ptyd.cli("capture", "still", check=True).stdout.rstrip("\n ")
    assert outer.terminal.screen.modes >= {1000, 2004}
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert "on the main screen" in outer.terminal.text()
    raw = bytes(outer.terminal.raw)
    assert all(b"\n%d\r" % number in raw for number in range(2, 70)), "the lines above it are in the scrollback"
