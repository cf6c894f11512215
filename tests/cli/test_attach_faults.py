"""The daemon dies, is replaced or goes for good under an attached terminal."""

import signal
from collections.abc import Iterator

import pytest

from tests.cli.conftest import OpenOuter
from tests.cli.outer import Outer
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import kill_process

CHORD = b"\x1cd"


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    """Each test has its own: it does not leave it as it was."""
    with running_ptyd() as running:
        yield running


@pytest.fixture
def outer(ptyd: PtydUnderTest, open_outer: OpenOuter) -> Outer:
    """Attached to a shell."""
    outer = open_outer("new", "-n", "fault", "-e", "PS1=inner> ", "--", "bash", "--norc", "--noprofile")
    outer.wait_for_text("inner>")
    return outer


def count_of(outer: Outer, text: str) -> int:
    return outer.terminal.text().count(text)


def test_killed_daemon_comes_back_in_place(ptyd: PtydUnderTest, outer: Outer) -> None:
    outer.type("echo before-$((1+1))\r")
    outer.wait_for_text("before-2")
    dead = ptyd.kill_daemon()
    # Typed into the gap: it must arrive once.
    outer.type("echo within-$((2+2))\r")
    outer.wait_for_text("within-4")
    assert ptyd.wait_for_new_daemon(dead) != dead
    outer.type("echo after-$((3+3))\r")
    outer.wait_for_text("after-6")
    assert [count_of(outer, text) for text in ("before-2", "within-4", "after-6")] == [1, 1, 1]
    raw = bytes(outer.terminal.raw)
    assert b"\x1b]2;ptyd: connection lost, reconnecting to fault ...\x1b\\" in raw
    assert b"\x1b]2;ptyd: reconnected to fault\x1b\\" in raw
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_killed_under_a_flood_it_ends_on_the_exact_screen(ptyd: PtydUnderTest, outer: Outer) -> None:
    outer.type("seq 1 100000; echo all-d$((1+1))ne\r")
    outer.terminal.wait_for_bytes(b"\n500")
    ptyd.kill_daemon()
    outer.wait_for_text("all-d2ne\ninner>")
    captured = ptyd.cli("capture", "fault", check=True).stdout.rstrip()
    assert captured.splitlines()[-3:] == ["100000", "all-d2ne", "inner>"]
    outer.terminal.wait_for(lambda screen: screen.text() == captured, "the exact screen")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_the_session_s_own_title_returns_after_the_notice(ptyd: PtydUnderTest, outer: Outer) -> None:
    outer.type("printf '\\033]2;my own\\007'\r")
    outer.terminal.wait_for(lambda screen: screen.title == "my own", "the title")
    ptyd.kill_daemon()
    outer.terminal.wait_for(lambda screen: "reconnect" in screen.title, "the notice")
    outer.terminal.wait_for(lambda screen: screen.title == "my own", "the title again")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_restart_verb_keeps_the_terminal_attached(ptyd: PtydUnderTest, outer: Outer) -> None:
    outer.type("echo one-$((1+1))\r")
    outer.wait_for_text("one-2")
    assert "the daemon is new" in ptyd.cli("restart", check=True).stdout
    outer.type("echo two-$((2+2))\r")
    outer.wait_for_text("two-4")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_detaching_works_while_the_daemon_is_down(ptyd: PtydUnderTest, outer: Outer) -> None:
    ptyd.cli("down", check=True)
    outer.terminal.wait_for_bytes(b"connection lost")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert "[detached (from session fault)]" in outer.terminal.text()


def test_down_and_up_again_brings_the_terminal_back(ptyd: PtydUnderTest, outer: Outer) -> None:
    assert "1 session goes on" in ptyd.cli("down", check=True).stdout
    outer.terminal.wait_for_bytes(b"connection lost")
    ptyd.cli("up", check=True)
    outer.type("echo again-$((1+1))\r")
    outer.wait_for_text("again-2")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_without_a_keeper_it_ends_and_says_so(ptyd: PtydUnderTest, outer: Outer) -> None:
    outer.type("printf '\\033[?1049h\\033[?1000h'; read -rs _\r")
    outer.terminal.wait_for(lambda screen: screen.in_alternate, "the alternate screen")
    ptyd.cli("down", "--kill-sessions", check=True)
    assert outer.check_restored() in (6, 128 + signal.SIGHUP)


def test_killed_client_leaves_the_session_alone(ptyd: PtydUnderTest, outer: Outer, open_outer: OpenOuter) -> None:
    outer.type("echo one-$((1+1))\r")
    outer.wait_for_text("one-2")
    kill_process(outer.ptyd_pid())
    again = open_outer("attach", "fault")
    again.wait_for_text("one-2")
    again.type(CHORD)
    assert again.check_restored() == 0
