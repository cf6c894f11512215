"""Real full-screen programs, attached to, left and come back to."""

from pathlib import Path

from tests.cli.conftest import OpenOuter
from tests.support.daemon import PtydUnderTest

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
