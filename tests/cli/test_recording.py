"""`ptyd new --record`, `export`, `mark` and `play`, in a real terminal."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import OpenOuter
from tests.cli.player.casts import make_v3
from tests.support.asciicast import check_asciicast
from tests.support.daemon import PtydUnderTest
from tests.support.screen import XtermScreen
from tests.support.waiting import wait_until


def write_cast(path: Path, *rows: tuple[float, str, str], **more: object) -> str:
    path.write_text("".join(make_v3(rows, **more)))  # type: ignore[arg-type]
    return str(path)


def test_new_with_record_and_export(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "it.cast"
    ptyd.cli("new", "-d", "-n", "rec", "--record", str(path), "--", "sh", "-c", "echo one; read x", check=True)
    ptyd.cli("mark", "rec", "hier", check=True)
    ptyd.cli("kill", "rec", check=True)
    recording = check_asciicast(path.read_bytes())
    assert recording.of("m") == ["hier"]
    exported = tmp_path / "exported.cast"
    assert ptyd.cli("export", "rec", "--since-start", "-o", str(exported), check=True).stderr == ""
    assert check_asciicast(exported.read_bytes()) == recording
    printed = ptyd.cli("export", "rec", check=True).stdout
    assert check_asciicast(printed.encode()) == recording


def test_a_relative_path_is_of_here(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "here", "--record", "~/here.cast", "--", "true", check=True)
    ptyd.cli("wait", "here", "--exit", check=True)
    assert (ptyd.home / "here.cast").exists()


def test_a_file_that_exists_is_refused(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text("mine")
    refused = ptyd.cli("new", "-d", "--record", str(path), "--", "true")
    assert refused.returncode == 2 and "exists" in refused.stderr
    assert path.read_text() == "mine"


def test_input_without_a_recording_is_wrong_usage(ptyd: PtydUnderTest) -> None:
    assert ptyd.cli("new", "-d", "--record-input", "--", "true").returncode == 2


def test_an_export_that_misses_the_beginning_says_so(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    ptyd.cli("new", "-d", "-n", "long", "--", "sh", "-c", "head -c 10000000 /dev/zero | tr '\\0' '\\n'", check=True)
    ptyd.cli("wait", "long", "--exit", check=True)
    path = tmp_path / "long.cast"
    told = ptyd.cli("export", "long", "-o", str(path), check=True)
    assert "no longer holds its beginning" in told.stderr
    check_asciicast(path.read_bytes())
    missing = tmp_path / "missing.cast"
    refused = ptyd.cli("export", "long", "--since-start", "-o", str(missing))
    assert refused.returncode == 1
    assert not missing.exists()


def test_export_and_mark_of_no_session(ptyd: PtydUnderTest) -> None:
    assert ptyd.cli("export", "nobody").returncode == 3
    assert ptyd.cli("mark", "nobody").returncode == 3


# --- playing ---


def test_playing_to_the_end(open_outer: OpenOuter, tmp_path: Path) -> None:
    path = write_cast(tmp_path / "a.cast", (0, "o", "hello "), (0.01, "o", "\x1b[1mworld\x1b[m\r\n"), (0.01, "x", "3"))
    outer = open_outer("play", path)
    outer.wait_for_text("hello world")
    assert outer.check_restored() == 0


def test_whatever_the_recording_has_set_is_put_back(open_outer: OpenOuter, tmp_path: Path) -> None:
    mess = "\x1b[?1049h\x1b[?1003;1006;2004h\x1b[>5u\x1b[?25l\x1b]2;mine\x07\x1b[4h\x1b[?7l\x1b[2;5r"
    path = write_cast(tmp_path / "a.cast", (0, "o", mess + "in the middle"), (1000, "o", "never"))
    outer = open_outer("play", path)
    outer.wait_for_text("in the middle")
    outer.type("q")
    assert outer.check_restored() == 0


def test_it_asks_the_terminal_nothing(open_outer: OpenOuter, tmp_path: Path) -> None:
    path = write_cast(
        tmp_path / "a.cast", (0, "o", "a\x1b[6n\x1b[c\x1b]11;?\x07\x1b[?u\x1b[>qb"), (0.01, "o", "\r\nend")
    )
    outer = open_outer("play", path)
    assert outer.check_restored() == 0
    assert b"ab" in bytes(outer.terminal.raw)
    assert b"\x1b[6n" not in bytes(outer.terminal.raw)


def test_pausing_seeking_marks_and_steps(open_outer: OpenOuter, tmp_path: Path) -> None:
    rows = [
        (0, "o", "zero\r\n"),
        (1000, "o", "one\r\n"),
        (2, "m", "hier"),
        (2, "o", "two\r\n"),
        (1000, "o", "three\r\n"),
    ]
    outer = open_outer("play", write_cast(tmp_path / "a.cast", *rows))
    outer.wait_for_text("zero")
    outer.type("m")
    outer.wait_for_text("one")
    wait_until(lambda: "hier" in outer.terminal.screen.title, what=lambda: outer.terminal.screen.title)
    outer.type("\x1b[C")
    outer.wait_for_text("two")
    outer.type("\x1b[D\x1b[D")
    outer.terminal.wait_for(lambda screen: "two" not in screen.text() and "zero" in screen.text(), "the seek back")
    outer.type("...")
    outer.wait_for_text("three")
    outer.type("q")
    assert outer.check_restored() == 0


@pytest.mark.parametrize(("by_key", "code"), [(True, 0), (False, 128 + signal.SIGTERM)])
def test_being_interrupted_puts_the_terminal_back(
    open_outer: OpenOuter, tmp_path: Path, by_key: bool, code: int
) -> None:
    path = write_cast(tmp_path / "a.cast", (0, "o", "\x1b[?1049hshown"), (1000, "o", "never"))
    outer = open_outer("play", path)
    outer.wait_for_text("shown")
    if by_key:
        outer.type(b"\x03")
    else:
        os.kill(outer.ptyd_pid(), signal.SIGTERM)
    assert outer.check_restored() == code


def test_beginning_later_at_another_speed(open_outer: OpenOuter, tmp_path: Path) -> None:
    path = write_cast(tmp_path / "a.cast", (0, "o", "one\r\n"), (500, "o", "two\r\n"), (30, "o", "three\r\n"))
    outer = open_outer("play", "--start", "501", "--speed", "64", "--idle-limit", "1000", path)
    outer.wait_for_text("three")
    assert outer.check_restored() == 0


@pytest.mark.parametrize("text", ["", "no recording", '{"version": 1}'])
def test_what_is_no_recording_is_refused(ptyd: PtydUnderTest, tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.cast"
    path.write_text(text)
    refused = ptyd.cli("play", str(path))
    assert refused.returncode == 1
    assert "line 1" in refused.stderr


def test_without_a_terminal_it_is_refused(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    assert ptyd.cli("play", write_cast(tmp_path / "a.cast", (0, "o", "x"))).returncode == 2


# --- the real thing ---


@pytest.mark.skipif(shutil.which("vim") is None, reason="no vim here")
def test_the_export_of_vim_ends_on_the_screen_that_was_seen(
    ptyd: PtydUnderTest, open_outer: OpenOuter, tmp_path: Path
) -> None:
    """Sizes and all: the last screen of the recording is the one of the terminal that was attached."""
    text = tmp_path / "text"
    text.write_text("".join(f"{number} grüße, 世界 🎉\n" for number in range(200)))
    outer = open_outer(
        "new", "-n", "vim", "--", "vim", "-u", "NONE", "-N", "--cmd", "set nu", str(text), cols=90, rows=25
    )
    outer.wait_for_text("1 grüße")
    outer.type("50Gyyp:vsplit\r")
    outer.terminal.resize(100, 30)
    outer.type("30G:set hlsearch\r/世界\rzz")
    outer.type(":echo 'at the' 'end'\r")
    outer.wait_for_text("at the end")
    ptyd.cli("wait", "vim", "--idle", "0.5", check=True)
    exported = ptyd.cli("export", "vim", check=True).stdout
    recording = check_asciicast(exported.encode())
    assert "100x30" in recording.of("r")
    term = recording.header["term"]
    screen = XtermScreen(term["cols"], term["rows"])
    for event in recording.events:
        if event.code == "o":
            screen.feed(event.data.encode())
        elif event.code == "r":
            cols, rows = map(int, event.data.split("x"))
            screen.resize(rows, cols)
    seen = outer.terminal.screen
    wait_until(lambda: screen.text() == seen.text(), what=lambda: f"{screen.text()}\n---\n{seen.text()}")
    assert screen.cells() == seen.cells()
    assert screen.cursor == seen.cursor
    outer.type("\x1b:qa!\r")
    outer.check_restored()


def test_the_players_terminal_shows_what_was_recorded(
    ptyd: PtydUnderTest, open_outer: OpenOuter, tmp_path: Path
) -> None:
    path = tmp_path / "it.cast"
    script = "printf '\\033[2J\\033[5;10H\\033[7mgrüße\\033[m\\033[10;1H'; printf '%s' done; read x"
    ptyd.cli("new", "-d", "-n", "shown", "--record", str(path), "--", "sh", "-c", script, check=True)
    wait_until(lambda: path.exists() and "done" in path.read_text())
    ptyd.cli("kill", "shown", check=True)
    path.write_text("".join([*path.read_text().splitlines(keepends=True)[:-1], json.dumps([900, "x", "0"]) + "\n"]))
    outer = open_outer("play", str(path))
    outer.wait_for_text("done")
    lines = outer.terminal.screen.lines()
    assert lines[4] == " " * 9 + "grüße"
    assert lines[9] == "done"
    outer.type("q")
    assert outer.check_restored() == 0
