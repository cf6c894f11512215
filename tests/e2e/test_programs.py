"""bash, vim and htop in a session: told once, played in a terminal, in a browser and by a program."""

import os
from pathlib import Path

import pytest

from tests.e2e.viewers import Program, Viewer, wait_for_size
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

BASH = ["bash", "--norc", "--noprofile"]
VIM = ["vim", "-u", "NONE", "-N", "--cmd", r"set laststatus=2 statusline=%f\ is\ %{&columns}x%{&lines}", "note.txt"]
BASH_ENV = {"PS1": "ready> ", "HISTFILE": "/dev/null"}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A pipe by which the test lets a program go on."""
    path = tmp_path / "go"
    os.mkfifo(path)
    return path


def test_bash(viewer: Viewer, ptyd: PtydUnderTest, tmp_path: Path, answers: Path) -> None:
    viewer.start(Program(BASH, tmp_path, BASH_ENV))
    viewer.wait_for_text("ready>")
    viewer.type("echo fir''st; read word <go; echo se''cond $word\r")
    viewer.wait_for_text("first")

    viewer.detach()
    answers.write_text("time\n")  # returns once bash has opened the other end
    viewer.come_back()
    viewer.wait_for_text("second time")
    assert "first" in viewer.text()

    cols, rows = viewer.shrink()
    wait_for_size(ptyd, viewer.name, (cols, rows))
    viewer.type("stty size\r")
    viewer.wait_for_text(f"{rows} {cols}")

    viewer.type("echo go''ing; cat\r")
    viewer.wait_for_text("going")  # what is typed while readline still has the terminal is not for cat
    viewer.type("through cat\r")
    wait_until(lambda: viewer.text().count("through cat") == 2, what=viewer.text)
    viewer.type("\x03")
    wait_until(lambda: viewer.text().rstrip().endswith("ready>"), what=viewer.text)  # bash drops what comes before
    viewer.type("echo in''terrupted $?\r")
    viewer.wait_for_text("interrupted 130")

    viewer.type("exit 0\r")
    viewer.wait_for_end()


def test_vim(viewer: Viewer, ptyd: PtydUnderTest, tmp_path: Path) -> None:
    viewer.start(Program(VIM, tmp_path))
    viewer.wait_for_text("note.txt")
    viewer.type("ia first line\r")
    viewer.wait_for_text("a first line")

    viewer.detach()  # in the middle of an insertion
    viewer.come_back()
    viewer.wait_for_text("a first line")
    viewer.type("and a second\x1b")
    viewer.wait_for_text("and a second")
    viewer.wait_until_gone("-- INSERT --")  # vim misses a change of size that comes in the very moment of a key

    cols, rows = viewer.shrink()
    wait_for_size(ptyd, viewer.name, (cols, rows))
    viewer.wait_for_text(f"note.txt is {cols}x{rows}")

    viewer.type(":wq\r")
    viewer.wait_for_end()
    assert (tmp_path / "note.txt").read_text() == "a first line\nand a second\n"


def test_htop(viewer: Viewer, ptyd: PtydUnderTest, tmp_path: Path) -> None:
    viewer.start(Program(["htop", "--no-color"], tmp_path, {"HTOPRC": str(tmp_path / "htoprc")}))
    viewer.wait_for_text("Load average")
    viewer.wait_for_text("F10")

    viewer.detach()
    viewer.come_back()
    viewer.wait_for_text("Load average")

    size = viewer.shrink()
    wait_for_size(ptyd, viewer.name, size)
    viewer.type("\\htop")  # filter
    viewer.wait_for_text("Filter: htop")
    viewer.type("\r")

    viewer.type("q")
    viewer.wait_for_end()
